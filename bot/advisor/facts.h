#pragma once

#include <stdint.h>

/*
 * What a conversation has said of its project, as sets of situations of one pack (bit n =
 * situations[n]).
 * A situation in neither `stated` nor `denied` is unknown. Invariants: !(stated & denied);
 * heavy, light and faint are subsets of stated; heavy and light are disjoint.
 */
struct facts {
    uint64_t stated, denied;
    uint64_t heavy; /* the speaker says that this is what matters most */
    uint64_t light; /* the speaker says that this hardly matters (a garnish, a nice-to-have) */
    uint64_t faint; /* read between the lines only: it may not be meant */
};
