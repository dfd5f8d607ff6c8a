#include "tests/golden/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIST(array)           \
    {                         \
        (array), COUNT(array) \
    }

/* The full pack. */

static const struct pack_section backend_sections[] = {
    {"rule", "The rule", 1},
    {"node", "Node.js strengths (and what it's best for)", 2},
    {"django", "Django strengths (and what it's best for)", 3},
    {"table", "The recommendation by situation", 4},
    {"thumb", "A rule of thumb", 5},
};

static const struct pack_point node_strengths[] = {
    {"one language from the browser to the server, with shared types", 1, 1},
    {"non-blocking I/O that holds many connections at once", 1, 1},
    {"the largest package ecosystem there is", 1, 1},
};
static const struct pack_point node_best[] = {
    {"real-time apps: chat, live dashboards, collaborative tools", 1, 1},
    {"REST and GraphQL APIs behind a JavaScript frontend", 1, 1},
    {"microservices and I/O-heavy services", 1, 1},
};
static const struct pack_tool node_tools[] = {
    {"express", "Express", "Express gives a Node.js server its structure.", {NULL, 0}, 1, true, 1},
    {"socket-io", "Socket.IO", "It brings WebSockets to a Node.js server.", {NULL, 0}, 1, true, 1},
};
static const struct pack_point django_strengths[] = {
    {"login, ORM, migrations and an admin panel ship in the box", 2, 1},
    {"protection against CSRF, XSS and SQL injection by default", 2, 1},
    {"Python's machine-learning libraries are at hand", 2, 1},
};
static const struct pack_point django_best[] = {
    {"business apps and SaaS full of records", 2, 1},
    {"admin dashboards and content platforms", 2, 1},
    {"data-driven and AI-powered apps", 2, 1},
    {"a solo developer's MVP that must be out this month", 2, 1},
};
static const struct pack_option backend_options[] = {
    {"node",
     "Node.js",
     "Node.js runs JavaScript and TypeScript on the server.",
     {NULL, 0},
     node_strengths,
     node_best,
     COUNT(node_strengths),
     COUNT(node_best),
     node_tools,
     COUNT(node_tools),
     1},
    {"django",
     "Django",
     "Django is a Python framework with everything in the box.",
     {NULL, 0},
     django_strengths,
     django_best,
     COUNT(django_strengths),
     COUNT(django_best),
     NULL,
     0,
     1},
};

static const struct pack_situation backend_situations[] = {
    {.id = "react-frontend",
     .name = "a React or Next.js frontend",
     .question = "Is the frontend React or Next.js?",
     .slot = "frontend"},
    {.id = "js-frontend",
     .name = "an API for a JavaScript frontend",
     .question = "Does it serve a JavaScript frontend?",
     .slot = "frontend"},
    {.id = "one-language",
     .name = "one language across the stack",
     .question = "Do you want one language across the stack?"},
    {.id = "real-time",
     .name = "live updates",
     .question = "Must screens change the moment something happens?"},
    {.id = "high-concurrency",
     .name = "many concurrent connections",
     .question = "Will there be many connections at once?"},
    {.id = "microservices",
     .name = "microservices",
     .question = "Will it be several small services?"},
    {.id = "own-stack",
     .name = "a stack of your own choosing",
     .question = "Do you want to choose the parts yourselves?"},
    {.id = "interactive-mvp",
     .name = "an MVP with a rich interactive frontend",
     .question = "Is it an MVP with a rich frontend?"},
    {.id = "npm-ecosystem", .name = "npm packages", .question = "Do you need packages from npm?"},
    {.id = "python-team",
     .name = "a team that writes Python",
     .question = "Does the team write Python?"},
    {.id = "data-ai",
     .name = "an AI- or data-heavy product",
     .question = "Is AI or data the heart of it?"},
    {.id = "crud-app",
     .name = "a business app full of records",
     .question = "Is it mostly records and forms?"},
    {.id = "admin-panel",
     .name = "an admin panel or back office",
     .question = "Do you need an admin panel?"},
    {.id = "batteries",
     .name = "login, ORM and forms built in",
     .question = "Do you want login and ORM built in?"},
    {.id = "conventions",
     .name = "strong conventions",
     .question = "Do you like strong conventions?"},
    {.id = "security-defaults",
     .name = "security by default",
     .question = "Do you want security by default?"},
    {.id = "solo-mvp",
     .name = "a solo MVP that must ship fast",
     .question = "Are you alone and in a hurry?"},
    {.id = "forms-mvp",
     .name = "an MVP of forms and records",
     .question = "Is the MVP mostly forms?"},
    {.id = "backend-beginner",
     .name = "your first backend",
     .question = "Is it your first backend?"},
    {.id = "relational-sql",
     .name = "relational SQL storage",
     .question = "Is the storage relational?",
     .slot = "storage"},
    {.id = "mongodb",
     .name = "MongoDB as the storage",
     .question = "Is the storage MongoDB?",
     .slot = "storage",
     .neutral = true},
    {.id = "graphql",
     .name = "a GraphQL API",
     .question = "Is the API GraphQL?",
     .slot = "api",
     .neutral = true},
    {.id = "rest",
     .name = "a REST API",
     .question = "Is the API REST?",
     .slot = "api",
     .neutral = true},
};

static const struct pack_rule backend_rules[] = {
    {0, 0, STRENGTH_DECISIVE, "one language and shared types run from the browser to the server", 0,
     1},
    {9, 1, STRENGTH_DECISIVE, "the team stays in the language it knows", 0, 1},
    {10, 1, STRENGTH_DECISIVE, "Python's data and ML libraries are right there", 0, 1},
    {3, 0, STRENGTH_STRONG, "its event-driven I/O is made for it", 1, 1},
    {4, 0, STRENGTH_STRONG, "its non-blocking I/O holds many connections at once", 1, 1},
    {2, 0, STRENGTH_STRONG, "JavaScript or TypeScript serves both ends", 3, 1},
    {1, 0, STRENGTH_STRONG, "both ends share a language", 1, 1},
    {5, 0, STRENGTH_STRONG, "small I/O-bound services suit it", 1, 1},
    {6, 0, STRENGTH_STRONG, "it leaves the choice of parts to you", 1, 1},
    {7, 0, STRENGTH_STRONG, "client and server share a language", 3, 1},
    {8, 0, STRENGTH_NUDGE, "npm is the largest ecosystem there is", 1, 1},
    {11, 1, STRENGTH_STRONG, "records and forms are its home ground", 2, 1},
    {12, 1, STRENGTH_STRONG, "its admin comes for free", 2, 1},
    {13, 1, STRENGTH_STRONG, "it ships all of that in the box", 2, 1},
    {14, 1, STRENGTH_STRONG, "it has made the boring decisions already", 3, 1},
    {15, 1, STRENGTH_STRONG, "its defaults guard against CSRF, XSS and SQL injection", 2, 1},
    {16, 1, STRENGTH_STRONG, "there is less wiring to do", 2, 1},
    {17, 1, STRENGTH_STRONG, "admin, login and ORM are there on the first day", 3, 1},
    {18, 1, STRENGTH_STRONG, "it makes you productive with fewer decisions", 3, 1},
    {19, 1, STRENGTH_NUDGE, "it pairs most naturally with relational SQL", 4, 1},
};

static const struct pack_fact backend_facts[] = {
    {"django-admin",
     1,
     {NULL, 0},
     "Yes: one line registers a model, and you get an admin with search, filters and forms.",
     "# admin.py\nadmin.site.register(Product)",
     2,
     1},
    {"author", -1, {NULL, 0}, "It was written by a freelance full-stack developer.", NULL, 0, 1},
};

static const struct pack_neighbour backend_neighbours[] = {
    {"rest-or-graphql", "Where GraphQL's complexity lands depends on the runtime you choose.", 4,
     1},
};

static const struct line_text example_one[] = {{"Node or Django for a live auction board?", 1}};
static const struct line_text example_two[] = {{"Django or Node? We write Python.", 1}};
static const struct line_text example_turns[] = {{"hm", 1}, {"and now?", 1}};
static const struct pack_example backend_examples[] = {
    {.surface = "dm", .say = LIST(example_one), .kind = "verdict"},
    {.surface = "dm", .say = LIST(example_turns), .kind = "verdict"},
    {.surface = "dm", .say = LIST(example_two), .kind = "verdict"},
};

const struct pack sample_backend = {
    .id = "node-or-django",
    .title = "Node.js or Django",
    .question = "Node.js or Django?",
    .rule_of_thumb = "Choose Node.js for real-time work and a JavaScript stack. Choose Django for "
                     "fast development, an admin "
                     "panel and data-centric work.",
    .caveat = "Neither is better as such; they are made for different priorities.",
    .both = "A Node.js service beside Django is possible, at the price of two runtimes to run.",
    .source = {"Node.js or Django: Which Backend Should You Choose?", "Amine Elbarry", "2026-06-20",
               "https://example.org/blog/node-or-django"},
    .sections = backend_sections,
    .section_count = COUNT(backend_sections),
    .options = backend_options,
    .option_count = COUNT(backend_options),
    .situations = backend_situations,
    .situation_count = COUNT(backend_situations),
    .rules = backend_rules,
    .rule_count = COUNT(backend_rules),
    .facts = backend_facts,
    .fact_count = COUNT(backend_facts),
    .neighbours = backend_neighbours,
    .neighbour_count = COUNT(backend_neighbours),
    .examples = backend_examples,
    .example_count = COUNT(backend_examples),
};

/* The pointer. */

static const struct pack_section pointer_sections[] = {{"related", "Related posts", 1}};
static const struct pack_option pointer_options[] = {
    {.id = "rest", .name = "REST", .summary = "REST is the default."},
    {.id = "graphql", .name = "GraphQL", .summary = "GraphQL has to be justified by its clients."},
};

const struct pack sample_pointer = {
    .id = "rest-or-graphql",
    .title = "REST or GraphQL",
    .question = "REST or GraphQL?",
    .pointer = true,
    .rule_of_thumb = "Use REST by default, and GraphQL when your clients justify it.",
    .source = {"Node.js or Django: Which Backend Should You Choose?", "Amine Elbarry", "2026-06-20",
               "https://example.org/blog/node-or-django"},
    .sections = pointer_sections,
    .section_count = COUNT(pointer_sections),
    .options = pointer_options,
    .option_count = COUNT(pointer_options),
};

/* Three options. */

static const struct pack_section queue_sections[] = {{"all", "All of it", 1}};
static const struct pack_option queue_options[] = {
    {.id = "kafka", .name = "Kafka", .summary = "Kafka is a log."},
    {.id = "rabbit", .name = "RabbitMQ", .summary = "RabbitMQ is a broker."},
    {.id = "table", .name = "a database table", .summary = "A table will do for little."},
};
static const struct pack_situation queue_situations[] = {
    {.id = "replay", .name = "a need to replay events", .question = "Must events be replayed?"},
    {.id = "routing", .name = "routing by content", .question = "Is there routing by content?"},
    {.id = "small", .name = "little traffic", .question = "Is there little traffic?"},
    {.id = "throughput", .name = "high throughput", .question = "Is the throughput high?"},
};
static const struct pack_rule queue_rules[] = {
    {0, 0, STRENGTH_DECISIVE, "a log can be read again", 0, 1},
    {1, 1, STRENGTH_DECISIVE, "exchanges do the routing", 0, 1},
    {2, 2, STRENGTH_STRONG, "nothing new has to be run", 0, 1},
    {3, 0, STRENGTH_STRONG, "partitions scale", 0, 1},
    {3, 1, STRENGTH_NUDGE, "it copes with quite a lot", 0, 1},
    {2, 1, STRENGTH_NUDGE, "it runs on one small machine", 0, 1},
};

const struct pack sample_queue = {
    .id = "queue",
    .title = "Which queue",
    .question = "Kafka, RabbitMQ or a table?",
    .rule_of_thumb = "Take a table until it hurts.",
    .source = {"Our queues", "the platform team", "2025-01-31", NULL},
    .sections = queue_sections,
    .section_count = COUNT(queue_sections),
    .options = queue_options,
    .option_count = COUNT(queue_options),
    .situations = queue_situations,
    .situation_count = COUNT(queue_situations),
    .rules = queue_rules,
    .rule_count = COUNT(queue_rules),
};

/* Texts that want to be markup. */

static const struct pack_section hostile_sections[] = {
    {"x", "</details> `x` | <!here> ]( http://evil.example )", 1}};
static const struct pack_option hostile_options[] = {
    {.id = "a",
     .name = "**A** @everyone",
     .summary = "# <b>bold</b> `code` | a_b_c ~~gone~~ <!channel>\r\nPRIVMSG #x :hi"},
    {.id = "b",
     .name = "<@U123> #42 \x01"
             "ACTION\x01",
     .summary = "- [x] done ![i](http://evil.example/i.png) www.evil.example & \x02\x03"
                "4"},
};
static const struct pack_situation hostile_situations[] = {
    {.id = "s",
     .name = "1. a \xff\xfe broken \xc3 name\n\nwith lines",
     .question = "<https://evil.example|click>?"},
    {.id = "t", .name = "> quoted\x7f \xed\xa0\x80 name \xe2\x80\xae", .question = "```\nfence?"},
};
static const struct pack_rule hostile_rules[] = {
    {0, 0, STRENGTH_DECISIVE, "*bold* _it_ `c` <a href=x>y</a>.", 0, 1},
    {1, 1, STRENGTH_DECISIVE, "@channel !12 me@evil.example\r\n", 0, 1},
};
static const struct pack_fact hostile_facts[] = {
    {"f",
     0,
     {NULL, 0},
     "<script>alert(1)</script> @team/a",
     "```\n</code>\n````\r<!everyone>\x1b[31m",
     0,
     1},
};

const struct pack sample_hostile = {
    .id = "hostile",
    .title = "@everyone <!channel>",
    .question = "**A** or <@U123>?",
    .rule_of_thumb = "=== @here `\n# title",
    .source = {"T](http://evil.example) | <x>", "@author", "2026-01-01",
               "https://example.org/a|b>c)d\"e f\xff"},
    .sections = hostile_sections,
    .section_count = COUNT(hostile_sections),
    .options = hostile_options,
    .option_count = COUNT(hostile_options),
    .situations = hostile_situations,
    .situation_count = COUNT(hostile_situations),
    .rules = hostile_rules,
    .rule_count = COUNT(hostile_rules),
    .facts = hostile_facts,
    .fact_count = COUNT(hostile_facts),
};

const struct knowledge sample_knowledge = {
    .packs = {&sample_backend, &sample_pointer, &sample_queue},
    .count = 3,
    .main = 0,
};

static int find(const struct pack *pack, const char *id, size_t len)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (strlen(pack->situations[i].id) == len && memcmp(pack->situations[i].id, id, len) == 0) {
            return (int)i;
        }
    }
    fprintf(stderr, "no situation \"%.*s\" in the sample pack %s\n", (int)len, id, pack->id);
    exit(1);
}

uint64_t sample_set(const struct pack *pack, const char *ids)
{
    uint64_t set = 0;
    while (ids && *ids) {
        size_t len = strcspn(ids, " \n");
        if (len > 0) {
            set |= UINT64_C(1) << find(pack, ids, len);
        }
        ids += len + (ids[len] != '\0');
    }
    return set;
}
