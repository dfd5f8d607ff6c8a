#include "adapters/terminal.h"

#include <fcntl.h>
#include <histedit.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/report.h"

enum {
    HISTORY_LINES = 500,
    HISTORY_FILE_MAX = 1024 * 1024,
    HISTORY_LINE_MAX = 2000, /* a pasted novel is not worth keeping */
    WIDTH_MAX = 100,         /* longer lines are hard to read */
    WIDTH_MIN = 20,
    SHOWN_MAX = 64 * 1024,
};

struct terminal {
    struct terminal_options options;
    struct lines lines;
    bool interactive, colour, several;
    EditLine *editor; /* NULL unless interactive */
    History *history;
};

/* Text with nothing in it that could break a line is copied word by word. */
struct wrap {
    struct buf *ret;
    size_t width, column, indent;
};

static size_t columns(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return count;
}

static void put_word(struct wrap *wrap, const char *word, size_t len)
{
    size_t wide = columns(word, len);
    bool fits = wrap->width == 0 || wrap->column + 1 + wide <= wrap->width;
    if (wrap->column > wrap->indent && !fits) {
        buf_printf(wrap->ret, "\n%*s", (int)wrap->indent, "");
        wrap->column = wrap->indent;
    } else if (wrap->column > wrap->indent) {
        buf_putc(wrap->ret, ' ');
        wrap->column++;
    }
    buf_append(wrap->ret, word, len);
    wrap->column += wide;
}

static void put_wrapped(struct buf *ret, const char *line, size_t len, size_t width)
{
    struct wrap wrap = {.ret = ret, .width = width};
    if (len >= 2 && memcmp(line, "- ", 2) == 0) {
        buf_puts(ret, "- ");
        wrap.column = wrap.indent = 2;
        line += 2;
        len -= 2;
    }
    for (size_t at = 0; at < len;) {
        const char *space = memchr(line + at, ' ', len - at);
        size_t word = space == NULL ? len - at : (size_t)(space - line) - at;
        if (word > 0) {
            put_word(&wrap, line + at, word);
        }
        at += word + 1;
    }
}

static bool begins(const char *line, size_t len, const char *with)
{
    size_t with_len = strlen(with);
    return len >= with_len && memcmp(line, with, with_len) == 0;
}

static void put_line(struct buf *ret, const char *line, size_t len, size_t width, const char *style)
{
    buf_puts(ret, style);
    if (width == 0 || begins(line, len, "    ")) {
        buf_append(ret, line, len);
    } else {
        put_wrapped(ret, line, len, width);
    }
    buf_puts(ret, style[0] == '\0' ? "" : "\x1b[0m");
}

static const char *style_of(const struct terminal_look *look, const char *line, size_t len,
                            bool first)
{
    if (!look->colour || len == 0) {
        return "";
    }
    return first && look->lead ? "\x1b[1m" : begins(line, len, "Source:") ? "\x1b[2m" : "";
}

void terminal_format(const char *text, size_t len, const struct terminal_look *look,
                     struct buf *ret)
{
    struct buf safe;
    buf_init(&safe, SHOWN_MAX);
    report_neutral(&safe, text, len, true);
    bool first = true;
    for (size_t at = 0; at < safe.len; first = false) {
        const char *line = safe.data + at;
        const char *end = memchr(line, '\n', safe.len - at);
        size_t line_len = end == NULL ? safe.len - at : (size_t)(end - line);
        put_line(ret, line, line_len, look->width, style_of(look, line, line_len, first));
        if (end != NULL) {
            buf_putc(ret, '\n');
        }
        at += line_len + 1;
    }
    buf_finish(&safe);
}

static size_t window_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
        size.ws_col < WIDTH_MIN) {
        return 0;
    }
    return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

static bool wants_colour(int colour)
{
    if (colour != COLOUR_AUTO) {
        return colour == COLOUR_ALWAYS;
    }
    const char *no_colour = getenv("NO_COLOR");
    const char *type = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') && type != NULL &&
           strcmp(type, "dumb") != 0;
}

/* libedit reads multi-byte characters by the locale; a bare "C" would make it refuse them. */
static void set_up_locale(void)
{
    const char *name = setlocale(LC_CTYPE, "");
    if (name == NULL || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
}

static const char *on_prompt(EditLine *editor)
{
    struct terminal *terminal = NULL;
    el_get(editor, EL_CLIENTDATA, &terminal);
    return terminal->options.prompt;
}

static void make_directories(const char *path)
{
    char part[PATH_MAX];
    int len = snprintf(part, sizeof(part), "%s", path);
    if (len <= 0 || (size_t)len >= sizeof(part)) {
        return;
    }
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(part, 0700);
        *slash = '/';
    }
}

/*
 * 0600, and no chance for a FIFO or a device in its place to make us wait. -1 if it is not to be
 * had.
 */
static int open_history(const char *path)
{
    struct stat info;
    make_directories(path);
    int fd = open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || fchmod(fd, 0600) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool keeps_history(const struct terminal *terminal)
{
    return terminal->options.history != NULL && terminal->options.history[0] != '\0';
}

static void load_history(struct terminal *terminal)
{
    HistEvent event;
    struct stat info;
    int fd = keeps_history(terminal) ? open_history(terminal->options.history) : -1;
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && info.st_size > 0 && info.st_size <= HISTORY_FILE_MAX) {
        history(terminal->history, &event, H_LOAD, terminal->options.history);
    }
    close(fd);
}

/* After every line, so that a killed window loses nothing. */
static void save_history(struct terminal *terminal)
{
    HistEvent event;
    int fd = keeps_history(terminal) ? open_history(terminal->options.history) : -1;
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r+");
    if (file == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    if (ftruncate(fd, 0) == 0) {
        history(terminal->history, &event, H_SAVE_FP, file);
    }
    fclose(file);
}

static bool start_editor(struct terminal *terminal)
{
    HistEvent event;
    set_up_locale();
    terminal->editor = el_init("whether", stdin, stdout, stderr);
    terminal->history = history_init();
    if (terminal->editor == NULL || terminal->history == NULL) {
        return false;
    }
    history(terminal->history, &event, H_SETSIZE, HISTORY_LINES);
    history(terminal->history, &event, H_SETUNIQUE, 1);
    el_set(terminal->editor, EL_CLIENTDATA, terminal);
    el_set(terminal->editor, EL_PROMPT, on_prompt);
    el_set(terminal->editor, EL_EDITOR, "emacs");
    el_set(terminal->editor, EL_SIGNAL, 1);
    el_set(terminal->editor, EL_HIST, history, terminal->history);
    el_source(terminal->editor, NULL);
    load_history(terminal);
    return true;
}

bool terminal_create(const struct terminal_options *options, struct terminal **ret,
                     struct error *err)
{
    struct terminal *terminal = mem_alloc(sizeof(*terminal));
    terminal->options = *options;
    terminal->colour = wants_colour(options->colour);
    terminal->interactive =
        isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && options->prompt != NULL;
    buf_init(&terminal->lines.text, options->line_max);
    if (terminal->interactive && !start_editor(terminal)) {
        terminal_destroy(terminal);
        return error_set(err, ERROR_ENVIRONMENT, "cannot set up line editing on this terminal");
    }
    *ret = terminal;
    return true;
}

void terminal_destroy(struct terminal *terminal)
{
    if (terminal == NULL) {
        return;
    }
    if (terminal->history != NULL) {
        history_end(terminal->history);
    }
    if (terminal->editor != NULL) {
        el_end(terminal->editor);
    }
    lines_close(&terminal->lines);
    mem_free(terminal);
}

bool terminal_interactive(const struct terminal *terminal)
{
    return terminal->interactive;
}

const struct lines *terminal_line(const struct terminal *terminal)
{
    return &terminal->lines;
}

static void remember(struct terminal *terminal, const char *line)
{
    HistEvent event;
    if (terminal->lines.text.len <= HISTORY_LINE_MAX && !lines_blank(&terminal->lines)) {
        history(terminal->history, &event, H_ENTER, line);
        save_history(terminal);
    }
}

static bool edit_line(struct terminal *terminal)
{
    struct lines *lines = &terminal->lines;
    int count = 0;
    const char *line = el_gets(terminal->editor, &count);
    if (line == NULL || count <= 0) {
        putchar('\n');
        return false;
    }
    size_t len = strcspn(line, "\r\n");
    buf_clear(&lines->text);
    lines->truncated = len > lines->text.max;
    buf_append(&lines->text, line, lines->truncated ? lines->text.max : len);
    lines->number++;
    remember(terminal, line);
    return true;
}

bool terminal_next(struct terminal *terminal, struct error *err)
{
    if (terminal->interactive) {
        return edit_line(terminal);
    }
    bool opened = terminal->lines.file != NULL;
    if (!opened && !lines_open(&terminal->lines, "-", terminal->options.line_max, err)) {
        return false;
    }
    return lines_next(&terminal->lines, err);
}

void terminal_say(struct terminal *terminal, const struct reply *reply, bool one_line)
{
    struct buf plain, shown;
    const struct terminal_look look = {
        .width = window_width(),
        .colour = terminal->colour,
        .lead = reply->block_count > 0 && reply->blocks[0].type == BLOCK_LEAD,
    };
    buf_init(&plain, SHOWN_MAX);
    buf_init(&shown, 2 * SHOWN_MAX);
    wording_format(reply, WORDING_PLAIN, &plain);
    while (plain.len > 0 && plain.data[plain.len - 1] == '\n') {
        plain.len--;
    }
    terminal_format(plain.data, plain.len, &look, &shown);
    if (terminal->several && !one_line && !terminal->interactive) {
        report_write("---\n", 4);
    }
    buf_puts(&shown, terminal->interactive ? "\n\n" : "\n");
    report_write(shown.data, shown.len);
    terminal->several = true;
    buf_finish(&plain);
    buf_finish(&shown);
}

bool terminal_history_path(char *ret_path, size_t cap)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len = -1;
    if (state != NULL && state[0] == '/') {
        len = snprintf(ret_path, cap, "%s/whether/history", state);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(ret_path, cap, "%s/.local/state/whether/history", home);
    }
    return len > 0 && (size_t)len < cap;
}
