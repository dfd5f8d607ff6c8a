#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "tests/unit/configbench.h"

/* What is wrong in a configuration is told, with its line; what is not, is not. */

#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" /* 64 bytes */
#define SIXTEEN "#a,#b,#c,#d,#e,#f,#g,#h,#i,#j,#k,#l,#m,#n,#o,#p,"
#define CHANNELS64 SIXTEEN SIXTEEN SIXTEEN SIXTEEN

#define GENERIC "[generic]\nsecret_file = s\n"
#define ANNOUNCED "[github]\nsecret_file = s\ntoken_file = t\n"

/* Lists of hosts, and places to announce at, that are as they should be. */
static void test_lists(void **state)
{
    (void)state;
    static const char text[] =
        "[http]\nproxies = 10.0.0.1 , ::1\n[page]\nhosts = *\n"
        "[generic]\nsecret_file = s\nauthor =\nreply_hosts = a_b.example, 127.0.0.1:80,[::1]:443\n"
        "[github]\nsecret_file = s\ntoken_file = t\nannounce = irc a.b, #team\n"
        "[gitlab]\nsecret_file = s\ntoken_file = t\nannounce = discord\n"
        "[irc a.b]\nserver = a:1\n[discord]\nwebhook_env = W\n";
    struct config config;
    struct fault_list faults = {0};
    if (!parse(text, &config, &faults)) {
        fail_msg("%s", faults.items[0].text);
    }
    config_finish(&config);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
        int line;
        const char *fault;
    } rows[] = {
        {"unknown section", "\n[bto]\n", 2, "unknown section \"bto\"; did you mean \"bot\"?"},
        {"unknown section, far off", "[telegram]\n", 1, "unknown section \"telegram\""},
        {"unknown key", "[bot]\npack = x\n", 2, "unknown key \"pack\"; did you mean \"packs\"?"},
        {"no section", "name = x\n", 1, "before the first [section]"},
        {"no equals sign", "[bot]\nname x\n", 2, "neither [section] nor key = value"},
        {"open bracket", "[bot\nname = x\n", 1, "lacks its ]"},
        {"text after a header", "[bot] name = x\n", 1, "follows the section's name"},
        {"a choice that is none", "[bot]\nlength = long\n", 2,
         "length is line, short or full, not \"long\""},
        {"a choice in capitals", "[bot]\ncolour = ALWAYS\n", 2, "colour is auto, always or never"},
        {"an empty name", "[bot]\nname =\n", 2, "name takes 1 to 40 bytes, not 0"},
        {"a long name", "[bot]\nname = aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbc\n", 2, "not 41"},
        {"control characters", "[bot]\nname = a\x1b[31m\n", 2, "without control characters"},
        {"C1 control", "[bot]\nname = a\xc2\x9b\n", 2, "without control characters"},
        {"invalid UTF-8", "[bot]\nname = a\xff\n", 2, "must be UTF-8"},
        {"no packs", "[bot]\npacks =\n", 2, "empty place"},
        {"a gap in a list", "[bot]\npacks = a,,b\n", 2, "empty place"},
        {"an open list", "[bot]\npacks = a,\n", 2, "empty place"},
        {"too many packs", "[bot]\npacks=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", 2, "more than 16"},
        {"no path", "[bot]\nhistory =\n", 2, "history has no value"},
        {"twice", "[bot]\nname = a\nname = b\n", 3, "name is set already in line 2"},
        {"no number", "[bot]\nmemory_days = soon\n", 2, "memory_days is a number from 1 to 365"},
        {"a signed number", "[bot]\nmemory_days = +7\n", 2, "memory_days is a number"},
        {"a huge number", "[bot]\ndeliver_hours = 99999999999999999999\n", 2, "from 1 to 168"},
        {"number and more", "[bot]\ndeliver_hours = 7h\n", 2, "deliver_hours is a number"},
        {"zero days", "[bot]\nmemory_days = 0\n", 2, "memory_days is a number from 1 to 365"},
        {"no port", "[http]\nlisten = localhost\n", 2, "listen is HOST:PORT or [IPV6]:PORT"},
        {"a port too large", "[http]\nlisten = *:65536\n", 2, "listen is HOST:PORT"},
        {"a host with blanks", "[http]\nlisten = a b:80\n", 2, "listen is HOST:PORT"},
        {"bare IPv6", "[http]\nlisten = ::1:80\n", 2, "listen is HOST:PORT"},
        {"a name to listen on", "[http]\nlisten = example.org:80\n", 2,
         "listen is an address in numbers and a port"},
        {"no address to listen on", "[http]\nlisten = 127.0.0.1.1:80\n", 2, "in numbers"},
        {"IPv4 in brackets", "[http]\nlisten = [127.0.0.1]:80\n", 2, "in numbers"},
        {"IPv6 with too much", "[http]\nlisten = [1:2:3:4:5:6:7:8:9]:80\n", 2, "in numbers"},
        {"any host as a server", "[irc a]\nserver = *:6697\n", 2, "server is HOST:PORT"},
        {"port 0 as a server", "[irc a]\nserver = b:0\n", 2, "server is HOST:PORT"},
        {"a label where none is", "[http main]\nlisten = *:80\n", 1, "one [http] only"},
        {"no label", "[irc]\nserver = a:6667\n", 1, "[irc] needs a name of your own: [irc NAME]"},
        {"a bad label", "[irc a/b]\nserver = a:6667\n", 1, "1 to 32 letters"},
        {"a dotted label", "[irc ..]\nserver = a:6667\n", 1, "1 to 32 letters"},
        {"a long label", "[irc aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nserver = a:6667\n", 1,
         "1 to 32 letters"},
        {"unknown section with a label", "[ircc libera]\n", 1, "\"ircc\"; did you mean \"irc\"?"},
        {"no server", "\n[irc a]\nnick = x\n", 2, "[irc] needs a server = HOST:PORT"},
        {"twice in two parts", "[irc a]\nserver=a:1\n[irc b]\nserver=b:1\n[irc a]\nserver=c:1\n", 6,
         "server is set already in line 2"},
        {"a bare secret", "[slack]\nsigning_secret_file = w\nbot_token = hunter2\n", 3,
         "bot_token_file names a file that holds it"},
        {"file and env", "[slack]\nsigning_secret_file = a\nsigning_secret_env = B\n", 3,
         "are both set"},
        {"a secret twice", "[slack]\nsigning_secret_file = a\nsigning_secret_file = b\n", 3,
         "signing_secret_file is set already in line 2"},
        {"no variable", "[slack]\nsigning_secret_file = w\nbot_token_env = xoxb-1\n", 3,
         "takes the name of an environment variable"},
        {"nearly a secret's key", "[slack]\nsigning_secret_file = w\nbot_token_fil = x\n", 3,
         "did you mean \"bot_token_file\"?"},
        {"Slack without a secret", "[slack]\nteam = T1\n", 1, "needs signing_secret_file"},
        {"Slack's API in clear", "[slack]\nsigning_secret_file = w\napi = http://slack.com/api\n",
         3, "api is an https:// address"},
        {"hidden behind a user",
         "[slack]\nsigning_secret_file = w\napi = http://127.0.0.1@e.org/\n", 3,
         "api is an https:// address"},
        {"not quite 127", "[slack]\nsigning_secret_file = w\napi = http://127.0.0.1.e.org/\n", 3,
         "api is an https:// address"},
        {"not quite localhost", "[slack]\nsigning_secret_file = w\napi = http://localhost.e.org/\n",
         3, "api is an https:// address"},
        {"no slash", "[slack]\nsigning_secret_file = w\npath = slack\n", 3,
         "path begins with a slash"},
        {"a slash at the end", "[slack]\nsigning_secret_file = w\npath = /slack/\n", 3,
         "ends without one"},
        {"only a slash", "[slack]\nsigning_secret_file = w\npath = /\n", 3, "path takes 2 to 100"},
        {"a query", "[slack]\nsigning_secret_file = w\npath = /slack?x\n", 3, "holds no"},
        {"a path twice",
         "[slack]\nsigning_secret_file = w\n[slack b]\nsigning_secret_file = w\npath = /slack\n", 5,
         "path is another [slack] section's already: give each its own, or each its team"},
        {"an open API", "[api]\nopen = yes\n[http]\nlisten = *:80\n", 2, "on a loopback address"},
        {"an origin with a path", "[api]\nopen = yes\norigins = https://a.example/\n", 3,
         "origins are as browsers send them"},
        {"any origin", "[api]\nopen = yes\norigins = https://a.example, *\n", 3,
         "origins are as browsers send them"},
        {"an origin without a host", "[api]\nopen = yes\norigins = https://\n", 3,
         "origins are as browsers send them"},
        {"a page under no name", "[page]\nhosts =\n", 2, "hosts takes 1 to 2000 bytes"},
        {"a page's address for its name", "[page]\nhosts = a.example, https://b.example/\n", 2,
         "hosts: \"https://b.example/\" is no host: want names such as example.org, without "
         "https://, port and path"},
        {"a page's name with a port", "[page]\nhosts = localhost:8080\n", 2, "is no host"},
        {"half a bracket", "[page]\nhosts = [::1\n", 2, "is no host"},
        {"a proxy by name", "[page]\n[http]\nproxies = 10.0.0.1, proxy\n", 3,
         "[http] proxies: \"proxy\" is no address"},
        {"proxies without a comma", "[page]\n[http]\nproxies = 10.0.0.1 ::1\n", 3, "is no address"},
        {"proxies by a mask", "[page]\n[http]\nproxies = 10.0.0.0/8\n", 3, "is no address"},
        {"a long proxy", "[page]\n[http]\nproxies = " LONG "\n", 3, "is no address"},
        {"Slack's hosts as addresses",
         "[slack]\nsigning_secret_file = w\nresponse_hosts = https://a.example\n", 3,
         "response_hosts: \"https://a.example\" is no host"},
        {"generic's hosts as addresses", GENERIC "reply_hosts = http://a.example\n", 3,
         "reply_hosts: \"http://a.example\" is no host: want names such as example.org, without "
         "https://, path"},
        {"a port that is none", GENERIC "reply_hosts = a.example:0\n", 3, "is no host"},
        {"a port too many", GENERIC "reply_hosts = [::1]:80:80\n", 3, "is no host"},
        {"no JSON pointer", GENERIC "reply_hosts = a.example:8443\nauthor = user.name\n", 4,
         "[generic] author is a JSON pointer, such as /user.name, not \"user.name\""},
        {"announced nowhere", ANNOUNCED "announce = discord\n", 4,
         "announce: there is no chat [discord]"},
        {"announced elsewhere", ANNOUNCED "announce = irc b, #team\n[irc a]\nserver=a:1\n", 4,
         "announce: there is no chat [irc b]"},
        {"announced at a tracker", ANNOUNCED "announce = github\n", 4, "is no chat [github]"},
        {"announced without a name", ANNOUNCED "announce = , #team\n", 4, "is no chat []"},
        {"announced without a channel", ANNOUNCED "announce = irc a\n[irc a]\nserver=a:1\n", 4,
         "announce: [irc a] needs a channel"},
        {"announced with one", ANNOUNCED "announce = discord, #a\n[discord]\nwebhook_env=W\n", 4,
         "announce: [discord] takes no channel"},
        {"an API for nobody", "[http]\n[api]\n", 2, "needs token_file or token_env, or open = yes"},
        {"plain without a user", "[irc a]\nserver=a:1\nsasl = plain\nsasl_password_file = p\n", 3,
         "needs sasl_user and sasl_password_file"},
        {"plain without a password", "[irc a]\nserver=a:1\nsasl = plain\nsasl_user = p\n", 3,
         "needs sasl_user and sasl_password_file"},
        {"external without a certificate", "[irc a]\nserver=a:1\nsasl = external\n", 3,
         "needs cert_file and tls = yes"},
        {"external in clear", "[irc a]\nserver=a:1\nsasl = external\ncert_file = c\ntls = no\n", 3,
         "needs cert_file and tls = yes"},
        {"a password in clear", "[irc a]\nserver=a:1\ntls = no\nserver_password_file = p\n", 3,
         "would send it in the clear"},
        {"NickServ's in clear", "[irc a]\nserver=a:1\ntls = no\nnickserv_password_env = P\n", 3,
         "would send it in the clear"},
        {"no channel", "[irc a]\nserver=a:1\nchannels = #a, team\n", 3,
         "\"team\" is no channel: want #name or #name key"},
        {"a channel with two keys", "[irc a]\nserver=a:1\nchannels = #a b c\n", 3,
         "\"#a\" is no channel"},
        {"a key with a colon", "[irc a]\nserver=a:1\nchannels = #a :b\n", 3,
         "\"#a\" is no channel"},
        {"a long channel", "[irc a]\nserver=a:1\nchannels = #" LONG LONG "\n", 3, "is no channel"},
        {"a long key", "[irc a]\nserver=a:1\nchannels = #a " LONG "\n", 3, "is no channel"},
        {"too many channels",
         "[irc a]\nserver=a:1\nchannels = " CHANNELS64 CHANNELS64 CHANNELS64 CHANNELS64 "#a\n", 3,
         "more than 256 channels"},
        {"a nick that is none", "[irc a]\nserver=a:1\nnick = a b\n", 3, "no nick may have"},
        {"a nick that begins with a digit", "[irc a]\nserver=a:1\nnick = 9a\n", 3,
         "nick begins with a digit or a hyphen, as no nick may"},
        {"a nick that begins with a hyphen", "[irc a]\nserver=a:1\nnick = -a\n", 3,
         "nick begins with a digit or a hyphen"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config config = {0};
        struct fault_list faults = {0};
        if (parse(rows[i].text, &config, &faults)) {
            fail_msg("%s: no fault", rows[i].what);
        }
        if (strstr(faults.items[0].text, "hunter2") || strstr(faults.items[0].text, "xoxb")) {
            fail_msg("%s: tells the secret", rows[i].what);
        }
        assert_fault(&faults, 0, rows[i].line, rows[i].fault);
        if (faults.count != 1) {
            fail_msg("%s: also %s", rows[i].what, faults.items[1].text);
        }
        assert_null(config.name);
        fault_finish(&faults);
    }
}

static void test_all_faults_at_once(void **state)
{
    (void)state;
    struct config config = {0};
    struct fault_list faults = {0};
    assert_false(
        parse("[bot]\r\nnam = x\r\nlength = wide\r\nnonsense\r\n\r\n[slak]\r\ntoken = x\r\n"
              "[bot]\r\ncolour = red\r\n",
              &config, &faults));
    assert_int_equal(faults.count, 5);
    assert_fault(&faults, 0, 2, "did you mean \"name\"");
    assert_fault(&faults, 1, 3, "length is");
    assert_fault(&faults, 2, 4, "neither");
    assert_fault(&faults, 3, 6, "unknown section \"slak\"");
    assert_fault(&faults, 4, 9, "colour is");
    fault_finish(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_all_faults_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
