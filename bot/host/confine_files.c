#include "bot/host/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

/* ---- places ---- */

static void put(struct confine_places *places, const char *path, size_t len, bool writes)
{
    for (size_t i = 0; i < places->count; i++) {
        struct confine_place *place = &places->items[i];
        if (strlen(place->path) == len && memcmp(place->path, path, len) == 0) {
            place->writes = place->writes || writes;
            return;
        }
    }
    places->items = mem_grow(places->items, places->count + 1, sizeof(places->items[0]));
    places->items[places->count++] = (struct confine_place){mem_strndup(path, len), writes};
}

void confine_add(struct confine_places *places, const char *path, bool writes)
{
    put(places, path, strlen(path), writes);
}

static void put_folder(struct confine_places *places, const char *path, bool writes)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        put(places, ".", 1, writes);
    } else {
        put(places, path, slash == path ? 1 : (size_t)(slash - path), writes);
    }
}

void confine_add_file(struct confine_places *places, const char *path, bool writes)
{
    char real[PATH_MAX];
    put_folder(places, path, writes);
    if (realpath(path, real) != NULL) {
        put_folder(places, real, writes);
    }
}

void confine_add_folder(struct confine_places *places, const char *path)
{
    DIR *folder = opendir(path);
    confine_add(places, path, false);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char file[PATH_MAX];
        struct stat info;
        int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(file) &&
            lstat(file, &info) == 0 && S_ISLNK(info.st_mode)) {
            confine_add_file(places, file, false);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

void confine_places_finish(struct confine_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        mem_free(places->items[i].path);
    }
    mem_free(places->items);
    *places = (struct confine_places){0};
}

/* ---- Landlock ---- */

/*
 * linux/landlock.h, whose names differ from one kernel's headers to the next; the numbers stay.
 * Documentation/userspace-api/landlock.rst tells which version of its ABI knows what.
 */
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    ALL_OF_1 = (1 << 13) - 1,
    REFER = 1 << 13,     /* 2 */
    TRUNCATE = 1 << 14,  /* 3 */
    IOCTL_DEV = 1 << 15, /* 5 */
    READS = READ_FILE | READ_DIR,
    WRITES = READS | WRITE_FILE | TRUNCATE | REMOVE_FILE | MAKE_DIR | MAKE_REG,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};
enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 }; /* 6 */
enum { RULE_PATH_BENEATH = 1, ASK_VERSION = 1 << 0 };
enum { ABI_NET = 4, ABI_SCOPES = 6 };

struct ruleset {
    uint64_t files, net, scopes;
};

struct rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

#ifdef SYS_landlock_create_ruleset
static int create(const struct ruleset *ruleset, size_t size, unsigned flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, ruleset, size, flags);
}

static bool add_rule(int ruleset, const struct rule *rule)
{
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, rule, 0) == 0;
}

static bool restrict_self(int ruleset)
{
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}
#else
static int create(const struct ruleset *ruleset, size_t size, unsigned flags)
{
    (void)ruleset, (void)size, (void)flags;
    errno = ENOSYS;
    return -1;
}

static bool add_rule(int ruleset, const struct rule *rule)
{
    (void)ruleset, (void)rule;
    return false;
}

static bool restrict_self(int ruleset)
{
    (void)ruleset;
    return false;
}
#endif

/* What this version knows of; what it does not know cannot be forbidden. */
static uint64_t known(int abi)
{
    return ALL_OF_1 | (abi >= 2 ? REFER : 0u) | (abi >= 3 ? TRUNCATE : 0u) |
           (abi >= 5 ? IOCTL_DEV : 0u);
}

/* True, too, where there is nothing of that name. */
static bool allow(int ruleset, int abi, const char *path, unsigned rights)
{
    struct stat info;
    struct rule rule = {.allowed = rights & known(abi), .parent = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent < 0) {
        return true;
    }
    if (fstat(rule.parent, &info) == 0 && !S_ISDIR(info.st_mode)) {
        rule.allowed &= OF_FILES;
    }
    bool fine = add_rule(ruleset, &rule);
    close(rule.parent);
    return fine;
}

/*
 * What the C library reads to resolve names (and again when it changes), what TLS reads, and where
 * both load libraries from. /proc: a process that is confined so sees no more of others there than
 * their names.
 */
static bool allow_system(int ruleset, int abi)
{
    static const char *const folders[] = {"/usr",
                                          "/lib",
                                          "/lib64",
                                          "/proc",
                                          "/sys/devices/system/cpu",
                                          "/etc/ssl",
                                          "/etc/pki",
                                          "/etc/ca-certificates",
                                          "/var/lib/ca-certificates", /* where SUSE's links lead */
                                          "/etc/crypto-policies",
                                          "/run/nscd",
                                          "/run/NetworkManager",
                                          "/run/resolvconf",
                                          "/run/systemd/resolve",
                                          "/var/lib/sss"};
    static const char *const files[] = {
        "/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf", "/etc/host.conf",
        "/etc/gai.conf",    "/etc/services", "/etc/protocols",     "/etc/ld.so.cache",
        "/etc/localtime",   "/etc/passwd",   "/dev/urandom",       "/dev/random"};
    bool fine = allow(ruleset, abi, "/dev/null", READS | WRITE_FILE);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        fine = fine && allow(ruleset, abi, folders[i], READS);
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        fine = fine && allow(ruleset, abi, files[i], READS);
    }
    /*
     * DHCP clients put another resolv.conf in the place of the one that is there, which only the
     * folder's rule lets through. Root, who could read all of /etc, does without.
     */
    return fine && (geteuid() == 0 || allow(ruleset, abi, "/etc", READS));
}

static bool allow_places(int ruleset, int abi, const struct confine_places *places)
{
    bool fine = true;
    for (size_t i = 0; i < places->count; i++) {
        const struct confine_place *place = &places->items[i];
        fine = fine && allow(ruleset, abi, place->path, place->writes ? WRITES : READS);
    }
    return fine;
}

bool confine_files(const struct confine_places *places, struct confine_state *ret,
                   struct error *err)
{
    int abi = create(NULL, 0, ASK_VERSION);
    if (abi < 1) {
        snprintf(ret->text, sizeof(ret->text), "files are not confined: this kernel %s",
                 errno == EOPNOTSUPP ? "has Landlock switched off"
                 : errno == EPERM    ? "is told to refuse Landlock"
                                     : "has no Landlock");
        ret->whole = false;
        return true;
    }
    struct ruleset wanted = {.files = known(abi)};
    if (abi >= ABI_SCOPES) {
        wanted.scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
    }
    size_t size = abi >= ABI_SCOPES ? sizeof(wanted)
                  : abi >= ABI_NET  ? offsetof(struct ruleset, scopes)
                                    : offsetof(struct ruleset, net);
    int ruleset = create(&wanted, size, 0);
    bool fine = ruleset >= 0 && allow_system(ruleset, abi) && allow_places(ruleset, abi, places) &&
                restrict_self(ruleset);
    int cause = errno;
    if (ruleset >= 0) {
        close(ruleset);
    }
    ret->whole = abi >= ABI_SCOPES;
    snprintf(ret->text, sizeof(ret->text), "files by Landlock (ABI %d%s)", abi,
             abi < ABI_SCOPES ? ": not yet signals and abstract sockets" : "");
    return fine || error_errno(err, cause, "Landlock cannot confine this process to its files");
}
