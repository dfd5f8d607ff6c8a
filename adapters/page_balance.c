#include "adapters/page_html.h"
#include "adapters/page_inside.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/view.h"
#include "knowledge/pack.h"

enum {
    TILT_MAX = 6,     /* classes t-6 to t6 of the style sheet */
    PAN_ROW = 5,      /* weights side by side */
    PAN_WEIGHTS = 15, /* shown of a side */
};

const char *page_side_class(int option)
{
    static const char *const classes[] = {"s0", "s1", "s2", "s3", "s4", "s5"};
    return option < 0 ? "none" : classes[(size_t)option % ARRAY_LEN(classes)];
}

static int tilt(int left, int right)
{
    int sum = left + right, lean = right - left;
    return sum == 0 ? 0 : (2 * TILT_MAX * lean + (lean < 0 ? -sum : sum)) / (2 * sum);
}

/* A fact is a weight on its side's pan, as high as its rule is strong. */
static void put_weights(struct buf *ret, const struct view *view, int option, int centre)
{
    static const int heights[] = {
        [STRENGTH_NUDGE] = 6, [STRENGTH_STRONG] = 12, [STRENGTH_DECISIVE] = 17};
    size_t count = 0, k = 0;
    for (size_t i = 0; i < view->reason_count; i++) {
        count += view->pack->rules[view->reasons[i]].option == option;
    }
    for (size_t i = 0; i < view->reason_count && k < PAN_WEIGHTS; i++) {
        const struct pack_rule *rule = &view->pack->rules[view->reasons[i]];
        if (rule->option != option) {
            continue;
        }
        size_t row = k / PAN_ROW, rows = count - row * PAN_ROW;
        int across = (int)(rows < PAN_ROW ? rows : PAN_ROW), column = (int)(k % PAN_ROW);
        int height =
            view->light >> rule->situation & 1 ? heights[STRENGTH_NUDGE] : heights[rule->strength];
        html_printf(
            ret, "<rect class=\"w%s\" x=\"%d\" y=\"%d\" width=\"13\" height=\"%d\" rx=\"2\"/>",
            view->heavy >> rule->situation & 1 ? " heavy" : "",
            centre + column * 15 - across * 15 / 2 + 1, 99 - (int)row * 19 - height, height);
        k++;
    }
}

static void put_pan(struct buf *ret, const struct view *view, int option, const char *name,
                    int centre)
{
    html_printf(ret, "<g class=\"pan %s %s\">", name, page_side_class(option));
    html_printf(ret, "<path class=\"cord\" d=\"M%d 32L%d 100M%d 32L%d 100\"/>", centre, centre - 44,
                centre, centre + 44);
    put_weights(ret, view, option, centre);
    html_printf(ret, "<path class=\"dish\" d=\"M%d 100h100q-6 15-34 15h-32q-28 0-34-15z\"/></g>",
                centre - 50);
}

static void put_balance(struct buf *ret, const struct view *view)
{
    const struct pack *pack = view->pack;
    html_printf(ret,
                "<svg class=\"scale t%d\" id=\"scale\" viewBox=\"0 0 400 150\" role=\"img\" "
                "aria-label=\"A balance: %s %d, %s %d\">"
                "<path class=\"post\" d=\"M200 20v116M160 138h80\"/>"
                "<path class=\"beam\" d=\"M80 32h240\"/><circle class=\"pin\" cx=\"200\" "
                "cy=\"32\" r=\"5\"/>",
                tilt(view->weight[0], view->weight[1]), pack->options[0].name, view->weight[0],
                pack->options[1].name, view->weight[1]);
    put_pan(ret, view, 0, "left", 80);
    put_pan(ret, view, 1, "right", 320);
    buf_puts(ret, "</svg><figcaption>");
    for (int i = 0; i < 2; i++) {
        html_printf(ret, "<span class=\"%s\">%s <b>%d</b></span>", page_side_class(i),
                    pack->options[i].name, view->weight[i]);
    }
    buf_puts(ret, "</figcaption>");
}

/* More than two sides: a bar each. */
static void put_bars(struct buf *ret, const struct view *view)
{
    int most = 1;
    for (size_t i = 0; i < view->pack->option_count; i++) {
        most = view->weight[i] > most ? view->weight[i] : most;
    }
    buf_puts(ret, "<ul class=\"bars\">");
    for (size_t i = 0; i < view->pack->option_count; i++) {
        html_printf(ret,
                    "<li class=\"%s\"><span>%s <b>%d</b></span><svg viewBox=\"0 0 100 4\" "
                    "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"%d\" "
                    "height=\"4\"/></svg></li>",
                    page_side_class((int)i), view->pack->options[i].name, view->weight[i],
                    view->weight[i] * 100 / most);
    }
    buf_puts(ret, "</ul>");
}

void page_put_balance(struct buf *ret, const struct view *view)
{
    if (view->pack->option_count == 2) {
        put_balance(ret, view);
    } else {
        put_bars(ret, view);
    }
}
