#pragma once

/*
 * Every fixed sentence of a reply, in one place. What surrounds them (names, reasons, rules) comes
 * from the packs. Macros, because a format must be a literal for the compiler to check its
 * arguments.
 *
 * Packs name situations by any noun phrase, singular or plural, so no sentence may make one the
 * subject of a verb or put an article before it. Options are names, always singular.
 */

/* The pick. %s: the option. */
#define SAY_CLEAR "%s, clearly."
#define SAY_LEANING "I'd lean towards %s."
#define SAY_STILL_CLEAR "Still %s, clearly."
#define SAY_STILL_LEANING "I'd still lean towards %s."
#define SAY_CHANGED_CLEAR "That changes it: %s, clearly."
#define SAY_CHANGED_LEANING "That changes it: now I'd lean towards %s."
#define SAY_SETTLED_CLEAR "That settles it: %s, clearly."
#define SAY_SETTLED_LEANING "That tips it: I'd lean towards %s."
#define SAY_IF_ONE "If it has to be one: %s"
#define SAY_BOTH_UNKNOWN "Using several of them together is something my source says nothing about."

/*
 * The same on one line: they follow a lead without its full stop, or (caveat, source) a whole
 * sentence.
 */
#define SAY_LINE_REASON ", because of %s: %s."
#define SAY_LINE_REASONS ", because of %s."
#define SAY_LINE_CAVEAT " In favour of %s: %s."
#define SAY_LINE_SIDE "%s (%s)"
#define SAY_LINE_AGAINST " against "
#define SAY_LINE_DEPENDS "It depends: %s. Which weighs more for you?"
#define SAY_LINE_STILL_DEPENDS "It still depends: %s. Which weighs more for you?"
#define SAY_LINE_IF_ONE_DEPENDS "If it has to be one, it depends: %s. Which weighs more for you?"
#define SAY_LINE_SOURCE " (%s, \"%s\")"

/* Open. %s: the options, joined. */
#define SAY_DEPENDS "It depends: there are good reasons for %s."
#define SAY_STILL_DEPENDS "It still depends: there are good reasons for %s."
#define SAY_NOW_DEPENDS "That makes it an open question: there are good reasons for %s."
#define SAY_IF_ONE_DEPENDS "If it has to be one, it depends: there are good reasons for %s."
#define SAY_WEIGHS_MORE "Which weighs more for you: %s?"

/* Too little is known. */
#define SAY_ASK "I need a fact or two about the project before I can pick."
#define SAY_STILL_ASK "That alone does not decide it yet."
#define SAY_NOW_ASK "With that gone, nothing decides it any more."
#define SAY_QUESTION "The question that would decide most: %s"
#define SAY_ONE_QUESTION "One question that could change it: %s"
#define SAY_OPEN_QUESTION "What is it going to do, and who will build it?"
#define SAY_RULE_OF_THUMB "Rule of thumb: %s"
#define SAY_NEUTRAL "You mentioned %s; by itself that decides nothing."

/* Where all of it comes from. %s: title, author. */
#define SAY_BY "%s by %s"

/* Reasons. %s: option, situation, because. */
#define SAY_FOR "For %s: %s, because %s."
#define SAY_IN_FAVOUR "In favour of %s: %s, because %s."
#define SAY_RULED_OUT "You ruled out %s."
#define SAY_EMPHASIS "What tips it is the weight you give to %s."
#define SAY_NO_REASONS "Nothing you have told me speaks for %s."

/* What would change it. */
#define SAY_WITH "With %s, %s."
#define SAY_WITH_AS_WELL "With %s as well, %s."
#define SAY_WITH_INSTEAD "With %s instead of %s, %s."
#define SAY_WITHOUT "Without %s, %s."
#define SAY_IT_WOULD_BE "it would be %s"
#define SAY_WOULD_BE_OPEN "it would be an open question"
#define SAY_WOULD_ASK "I would have to ask for more"
#define SAY_FLIPS "What would change it:"
#define SAY_FLIPS_MIND "This would change my mind:"
#define SAY_FLIPS_SETTLE "This would settle it:"
#define SAY_FLIPS_DECIDE "Nothing is decided yet. This would decide it:"
#define SAY_FLIPS_NONE "No small change would: too much points the same way."
#define SAY_FLIPS_NONE_OPEN "No single fact would settle it; only you can say what weighs more."

/* Questions about the advice. */
#define SAY_WHY_NOTHING "Nothing is decided yet: I have no fact to go by."
#define SAY_WHY "%s, because of %s."
#define SAY_IS_THE_PICK "But %s is what I'd pick."
#define SAY_MORE_FOR "More speaks for %s than for %s."
#define SAY_NOT_OUT "%s is not out: it depends."
#define SAY_NOT_OUT_YET "%s is not out: nothing is decided yet."
#define SAY_WOULD_SPEAK "What would speak for %s: %s."
#define SAY_WOULD_SPEAK_LIST "What would speak for %s:"
#define SAY_SIDE_BY_SIDE "%s, side by side."
#define SAY_BEST_FOR "Best for:"
#define SAY_OPTION_BEST_FOR "%s is best for:"
#define SAY_BRINGS "What %s brings:"
#define SAY_BETTER "That depends on the project."
#define SAY_FOR_YOURS "For your project: %s"
#define SAY_TOOLS "Goes with it: %s."
#define SAY_GOES_WITH "It goes with %s."
#define SAY_SOURCE "All I say on this comes from one source."
#define SAY_SECTIONS "Its sections: %s."

/* Beyond the packs. */
#define SAY_POINTER "My source only points at that decision: there is no more to it here."
#define SAY_UNKNOWN "Sorry, I don't know that one."
#define SAY_COVERS "What I can help with: %s"
#define SAY_NOTHING_COVERED "No decisions have been written down for me yet."

/* Small talk. */
#define SAY_HELLO "Hello! Tell me about your project, and I'll say what I would pick and why."
#define SAY_ASK_ME "Ask me: %s"
#define SAY_THANKS "You're welcome."
#define SAY_HELP                                                                                   \
    "Tell me what you want to build and who builds it; I answer with a pick, the reasons and the " \
    "source."
#define SAY_EXAMPLES "For example:"
#define SAY_HELP_THEN                                                                         \
    "Then ask \"why?\", \"why not the other?\" or \"what would change your mind?\"; \"start " \
    "over\" makes me forget the project."
#define SAY_WHO                                                                                \
    "I'm a bot that picks by written rules: the same facts always get the same answer, and I " \
    "name my source."
#define SAY_RESET "Forgotten. Tell me about the project from the start."
#define SAY_NEVERMIND "No problem."

/* Documents: answers in tickets, and decision records in MADR's form (record.c). */
#define SAY_TABLE_FOR "Speaks for"
#define SAY_TABLE_FACT "What you said"
#define SAY_TABLE_BECAUSE "Because"
#define SAY_TABLE_SECTION "Section"
#define SAY_HOW_READ "How this was read"
#define SAY_READ_STATED "What was said of the project:"
#define SAY_READ_DENIED "What it is not, or has not:"
#define SAY_READ_NOTHING "Nothing that a rule rests on was said of the project."
#define SAY_READ_WRONG "Something misread? Say so in a comment, and it is answered anew."
#define SAY_CONTEXT "Context and Problem Statement"
#define SAY_OPTIONS "Considered Options"
#define SAY_OUTCOME "Decision Outcome"
#define SAY_CONSEQUENCES "Consequences"
#define SAY_MORE "More Information"
#define SAY_CHOSEN_BECAUSE "Chosen option: %s, because of %s."
#define SAY_CHOSEN "Chosen option: %s.%s"
#define SAY_GOOD_BECAUSE "Good for %s: %s, because %s."
#define SAY_BAD_BECAUSE "Bad, as it would speak for %s: %s, because %s."
#define SAY_NEUTRAL_BECAUSE "Neutral, for %s: %s, because %s."
#define SAY_NO_CONSEQUENCES "Neutral: no rule speaks for either side yet."
#define SAY_RECORD "This is the decision as it stands, as a record to keep."
