#pragma once

/*
 * What a message takes back of what earlier ones stated: "she left on friday", "the wall list is
 * printed now", "records sit with the county". The words that stated a thing are remembered
 * (anchor.h); a clause that denies and comes back to them, or to the topic, or to what was said
 * last, withdraws it. Pure, allocates nothing.
 */
struct recalled;
struct reader;
struct reading;

/*
 * Fills reading->withdrawn, and adds to reading->unsaid what "scrap the moving dots" means. Wants
 * the evidence read.
 */
void withdrawals_read(const struct reader *reader, struct reading *reading,
                      const struct recalled *recalled);

/* Fills reading->anchors: for each situation that is stated, the rarest words of its evidence. */
void anchors_read(const struct reader *reader, struct reading *reading);
