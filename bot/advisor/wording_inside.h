#pragma once

#include <stddef.h>

#include "bot/advisor/wording.h"

/*
 * What wording.c (each block in each markup) and wording_slack.c (Slack's own blocks, of text in
 * Slack's markup) share. Not for anybody else.
 */
struct block;

void wording_put_block(struct buf *ret, const struct reply *reply, const struct block *block,
                       enum wording wording);

/* As wording_put_json(), for so many bytes. */
void wording_put_json_bytes(struct buf *ret, const char *text, size_t len);
