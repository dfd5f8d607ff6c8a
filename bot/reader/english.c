#include "bot/reader/english.h"

#include <stddef.h>

const struct english_row english_rows[] = {
    /* denies what follows */
    {EN_NEGATION,
     "(no|not|never|without|none|nobody|neither|nor|nothing|zero|hardly|barely|nowhere|nil)"},
    {EN_NEGATION, "no one"},
    {EN_NEGATION, "(instead|in place|in lieu) of"},
    {EN_NEGATION, "rather than"},
    {EN_NEGATION, "(scrap|drop|ditch|forget|skip|scratch|cancel|ignore|strike|bin|axe|lose) "
                  "(the|that|about|all|any|our|my|this)"},
    {EN_NEGATION,
     "(=dropped|=scrapped|=ditched|=cancelled|=axed|=killed|ruled out|gave up on|moved away "
     "from|got rid of|threw out|abandoned|removed|binned|decided against|=declined|turned down|"
     "voted down|=vetoed|=overruled|=outvoted)"},
    {EN_NEGATION, "=0"},
    {EN_NEGATION, "(=scrap|=ditch|=forget|=axe|=bin)"},
    {EN_NEGATION, "(get|getting) rid of"},
    {EN_NEGATION, "(lack*|anything but|far from|free of|minus|sans|except)"},
    {EN_NEGATION, "(steer clear|stay away|keep away) (of|from)"},
    {EN_NEGATION, "(avoid|refuse*|hate) (to|the|any|all|having|using|writing)"},
    {EN_NEGATION, "(do not|does not|did not|will not|is not|are not|can not|have not|has not|would "
                  "not|should not|was not)"},
    {EN_NEGATION, "(hate|dislike|loathe|despise|can not stand) (it when|when|that|how)"},
    {EN_NEGATION, "last thing (we|i) (want|need)"},
    {EN_NEGATION, "as opposed to"},
    {EN_NEGATION, "leave .. out"},
    /* denies what goes before */
    {EN_DENIED_BEFORE,
     "(is|are|was|were|being|got|gets|been|be|has been|have been|will be) "
     "[now|all|completely|definitely|already|firmly|officially|just] "
     "(out|off|gone|dead|cut|dropped|scrapped|cancelled|canceled|killed|axed|ditched|shelved|"
     "struck|removed|excluded|parked|postponed|binned|history|off the table|out of scope|out of "
     "the question|no longer needed|unnecessary|irrelevant|overkill|not needed|not wanted|not "
     "required|not necessary|not relevant|not planned)"},
    {EN_DENIED_BEFORE,
     "(is|are|was|were|does|do|will|would) not .. (needed|required|wanted|necessary|planned|part "
     "of|in scope|in it|ours|happening|matter|exist|apply|count|ask for|asked for|come|coming|into "
     "it|involved|used|goal|concern|requirement|topic)"},
    {EN_DENIED_BEFORE, "(is|are|was|were) (a|an|our|all) (non issue|non goal|non topic)"},
    {EN_DENIED_BEFORE,
     "(is|are|was|were|does|do|will|would) not .. on the (list|table|menu|cards)"},
    {EN_DENIED_BEFORE,
     "(was|were|is|are|got|been) (voted down|turned "
     "down|rejected|vetoed|refused|declined|struck|thrown out|taken off|called off)"},
    {EN_DENIED_BEFORE, "(is|are|was|were|got|been) [now|since|all] "
                       "(buried|nixed|pulled|withdrawn|descoped|crossed out|on ice|on hold|frozen|"
                       "stopped|deferred|retired|discontinued|dissolved|disbanded|no more)"},
    {EN_DENIED_BEFORE, "(went|goes|gone|moved|moves|pushed|slipped) (to|into|in) (the bin|the "
                       "drawer|v2|phase|next year|release two)"},
    {EN_DENIED_BEFORE, "(quit|resigned|has left|have left|have all left|have both left|is "
                       "leaving|are leaving|left us|left the team|left the "
                       "company|handed in his notice|handed in her notice|handed in their notice)"},
    {EN_DENIED_BEFORE, "(will|would|does|do|did) not (happen|survive|fly|make it|make the cut|be "
                       "built)"},
    {EN_DENIED_BEFORE, "(not|no) .. (any more|anymore|any longer)"},
    {EN_DENIED_BEFORE, "(cut|struck|removed|taken|deleted|dropped) (from|off|out of) (the|our|my) "
                       "(order|list|plan|scope|brief|spec|budget|ticket|roadmap|contract)"},
    {EN_DENIED_BEFORE, "out of scope"},
    {EN_DENIED_BEFORE, "not in scope"},
    {EN_DENIED_BEFORE, "off (the|our|my|their) (table|list|menu|cards|plate|desk|hands|roadmap)"},
    {EN_DENIED_BEFORE, "(fell|falls|went|goes|dropped|dropping) (through|away|out|off)"},
    {EN_DENIED_BEFORE, "can [all] (go|wait|be dropped|be left out|be skipped|be forgotten)"},
    {EN_DENIED_BEFORE, "(no|not) (thanks|thank you|way|chance|longer)"},
    {EN_DENIED_BEFORE, "(have|has|had) been (cut|dropped|scrapped|removed|cancelled|killed)"},
    {EN_DENIED_BEFORE, "no (need|use|point|reason)"},
    {EN_DENIED_BEFORE, "(is|are) [all] (bought in|bought|handled elsewhere|somebody else|someone "
                       "else|outsourced|done elsewhere|a non goal|none of our business)"},
    {EN_DENIED_BEFORE, "(is|are) [all] not our (problem|job|part|business)"},
    {EN_DENIED_BEFORE, "(stay|stays|remain|remains|lives|live|sit|sits) (in|with|at) "
                       "(the|their|its|another|an) (old|own|other|existing|vendor|separate)"},
    {EN_DENIED_BEFORE, "(is|was|were) [only|just|merely] (a) "
                       "(mistake|misunderstanding|joke|typo|slip|rumour|rumor|guess|placeholder)"},
    {EN_DENIED_BEFORE, "(is|are) not (decided|settled|certain|fixed) [at all|yet|after all]"},
    /* looks like a denial and is none */
    {EN_AFFIRMATION, "(can|could|would|will) (not|never) [really|possibly|ever] "
                     "(do|live|work|manage|be|survive|go|cope|exist|imagine it|happen) without"},
    {EN_AFFIRMATION, "not [just|only|merely|simply|exclusively|purely] "
                     "(just|only|merely|simply|exclusively|purely)"},
    {EN_AFFIRMATION, "not (negotiable|optional|changing|open)"},
    {EN_AFFIRMATION, "not up for (debate|discussion|negotiation)"},
    {EN_AFFIRMATION, "not going (anywhere|away)"},
    {EN_AFFIRMATION, "not to be (touched|discussed|changed)"},
    {EN_AFFIRMATION, "(can|could|must|may|should|will) not be "
                     "(dropped|cut|skipped|removed|scrapped|left|killed|cancelled)"},
    {EN_AFFIRMATION, "(is|are) not going (anywhere|away)"},
    {EN_AFFIRMATION, "neither ... nor ... (going|leaving|negotiable|optional|changing|droppable)"},
    {EN_AFFIRMATION, "neither ... nor ... (garnish|decoration|gimmick|afterthought)"},
    {EN_AFFIRMATION,
     "(it is|its) not (that|as if|as though|like) .. (not|do not|does not|did not)"},
    {EN_AFFIRMATION, "(not one|none) of (the|our|my|these|those|all) .. "
                     "(longer|bigger|larger|smaller|shorter|heavier|older|more|less) than"},
    {EN_AFFIRMATION, "(can|could|would) do without .. (if it were not|if it was not|were it not)"},
    {EN_AFFIRMATION, "not without"},
    {EN_AFFIRMATION,
     "(not|never) (mean|bad|badly|wrong|dead|stupid|crazy|easy|sure|certain|clear|yet sure|so "
     "sure|fussy|picky|much of a)"},
    {EN_AFFIRMATION,
     "no "
     "(mean|small|doubt|question|matter|wonder|problem|idea|clue|exception|exceptions|brainer|"
     "compromise|pressure|rush|hurry|offence|offense|less|fewer|preference|strong)"},
    {EN_AFFIRMATION, "nothing (but|else|other than|except|more than|less than|short of)"},
    {EN_AFFIRMATION, "(none|nothing|no one|nobody) .. (but|except|other than)"},
    {EN_AFFIRMATION, "not to mention"},
    {EN_AFFIRMATION, "(undecided|on the fence|wavering|hesitating|dithering) between"},
    {EN_AFFIRMATION,
     "(mad|crazy|insane|stupid|silly|foolish|nuts) to (drop|leave|ditch|give up|lose|skip|scrap)"},
    {EN_AFFIRMATION,
     "(will|would|do|does|can|could) not (drop|give up|let go of|budge|change|move from|part "
     "with|leave|go away|ditch|part from|compromise on|abandon|touch|skip|negotiate)"},
    {EN_AFFIRMATION, "not (a) (second|minute|moment|day) (later|too late)"},
    {EN_AFFIRMATION, "do not know (if|whether|which|what|how|why|where|when|who|yet|enough)"},
    {EN_AFFIRMATION, "do not (care|mind|think|see why|laugh|ask|worry|judge)"},
    {EN_AFFIRMATION, "do not want to (regret|choose|rank)"},
    {EN_AFFIRMATION, "did not (know|mean|think)"},
    {EN_AFFIRMATION, "(can|could) not (decide|agree|choose|tell|wait|say|help|stop|be bothered)"},
    {EN_AFFIRMATION, "why not"},
    {EN_AFFIRMATION, "(or|whether) not"},
    {EN_AFFIRMATION, "no longer (just|only)"},
    {EN_AFFIRMATION,
     "without (reloading|refreshing|reload|refresh|a reload|a refresh|pressing|hitting|having "
     "to|touching|delay|waiting|lag|us|me|any help|f5|polling|blocking)"},
    {EN_AFFIRMATION, "without .. (reload*|refresh*)"},
    {EN_AFFIRMATION, "(nobody|no one|none) .. (reload*|refresh*|wait*|touch*|press*)"},
    {EN_AFFIRMATION, "no (reload*|refresh*|waiting|delay|lag|f5|polling|page reload*)"},
    {EN_AFFIRMATION, "no (other|others|later than|budget|money|funding|deadline)"},
    {EN_AFFIRMATION, "not (one|a single) .. but"},
    /* ends a scope */
    {EN_BUT, "(but|however|though|although|yet|whereas|still|only|just|except|instead|because|"
             "since|unless|until|so)"},
    {EN_NO_ANSWER,
     "(no|nope|nah|never|nein|non|god no|hell no|heavens no|pff|anything but|hardly any|"
     "not at all|not really|none|nobody|nobody here|no one|none of us)"},
    {EN_NO_ANSWER, "(we|i) do not (use|have|need|want) (it|that|any|those|them)"},
    {EN_NOT_SO, "not"},
    {EN_NOT_SO, "(it|they|that|those|he|she|we|there) "
                "(will not|is not|are not|does not|do not|did not|would not|can not|was not|were "
                "not) [be|happen|come|have it|need it|need that|want it]"},
    {EN_YES_ANSWER,
     "(yes|yep|yeah|yup|sure|indeed|exactly|=correct|=right|affirmative|absolutely|of "
     "course|si|oui|ja)"},
    /* whose */
    {EN_HEARSAY, "(everyone|everybody|people|somebody|someone|half|reddit|hn|hacker "
                 "news|twitter|youtube|internet|web|forum|thread|articles|influencers|linkedin|"
                 "tutorials|blogs|recruiters|consultant*) .. "
                 "(say|says|said|tell|tells|told|claim*|swear*|recommend*|suggest*|advise*|think*|"
                 "keep saying|vote*|argue*|push*)"},
    {EN_HEARSAY, "(everyone|everybody|people|the internet|reddit|everyone else) (uses|use|seems "
                 "to|loves|hates)"},
    {EN_HEARSAY,
     "(my|a|our|the|his|her|one of my) "
     "(friend|cousin|brother|sister|uncle|aunt|father|mother|dad|mom|mum|neighbour|neighbor|"
     "colleague|coworker|cofounder|co "
     "founder|boss|prof|professor|teacher|mentor|mate|buddy|roommate|flatmate|nephew|niece|"
     "girlfriend|boyfriend|wife|husband|consultant|agency|recruiter|former boss|ex "
     "boss|guy|lecturer|tutor) .. "
     "(say|says|said|tells|told|claims|swears|recommends|recommended|suggests|suggested|insists|"
     "thinks|uses|votes|prefers|wants|loves|likes|hates|is a|is an|keeps)"},
    {EN_HEARSAY, "(according to|apparently|=supposedly|allegedly|rumour|rumor)"},
    {EN_HEARSAY, "i (heard|read|hear|keep hearing|keep reading|was told|have heard|have read)"},
    {EN_HEARSAY,
     "(somebody|someone) (proposed|suggested|recommended|said|wrote|mentioned|wants|voted|thinks)"},
    {EN_HEARSAY, "(competitor*|rival*|the "
                 "competition|netflix|instagram|paypal|spotify|uber|linkedin|facebook|google|other "
                 "companies) (use*|is|are|run*|does|do|build*)"},
    {EN_HEARSAY, "(competitor*|rival*) (app|site|product|version) (is|has|use*|run*|does)"},
    {EN_HEARSAY,
     "(would|could|might) have (made|built|done|used|picked|chosen|taken|written|gone)"},
    {EN_HEARSAY, "(boss|chief|manager|management|director|ceo|cto|cio|architect|marketing|sales|"
                 "colleague|intern|trainee) .. (dreams|raves) (of|about)"},
    {EN_HEARSAY, "(is|was|been|some|much) talk of"},
    {EN_PAST, "used to "
              "(be|have|do|run|use|work|write|build|code|make|go|love|hate|like|maintain|ship|host|"
              "manage|develop|need|get)"},
    {EN_PAST, "(previously|formerly|back then|back in|years ago|year ago|in the past|long "
              "ago|last year|last job|old job|old company|once upon)"},
    {EN_PAST,
     "(my|our|the|at my|in my|from my) (last|previous|former|old|ex|first|earlier) "
     "(job|company|employer|team|gig|workplace|project|place|firm|startup|role|life|client|"
     "prototype|system|version|app|site|product|one|shop|tool|stack|attempt|boss|school)"},
    {EN_PAST, "(was|were|been|got) (settled|decided|chosen|agreed|closed)"},
    {EN_PAST, "(at|in) (uni|university|school|college|bootcamp)"},
    {EN_PAST, "(did|had|was|were|took|tried|played with|worked with|learned|learnt|wrote|used) .. "
              "(ago|once|back then|at uni|in school|before|last year)"},
    {EN_PAST,
     "(the|our|their) (old|previous|former|original|current|existing|present|legacy) "
     "(one|system|version|app|site|prototype|tool|stack|backend|setup|solution|product|platform)"},
    {EN_PAST, "(was|were|had been) (all|entirely|written|built|done|made|full of)"},
    {EN_NOW, "(now|here|this time|this one|new place|these days|today|at the moment|currently|the "
             "new one|new company|for this|this project|nowadays)"},
    {EN_HYPOTHETICAL, "(suppose|supposing|imagine|what if|if we|if i|if they|if it|if there|if "
                      "you|if the|if our|assuming|say we|let us say|hypothetically|in case|were we "
                      "to|had we|should we ever|would it|would that|would you still)"},
    {EN_HYPOTHETICAL, "(maybe|perhaps|possibly|might|could be|may or may not|undecided|we may|i "
                      "may|toying with|considering|on the fence)"},
    {EN_HYPOTHETICAL, "not sure (whether|if)"},
    {EN_HYPOTHETICAL, "thinking (of|about)"},
    {EN_HYPOTHETICAL, "or not"},
    {EN_LATER,
     "(later|someday|some day|one day|eventually|in the future|next year|down the "
     "road|v2|afterwards|in a later|much later|at some point|nice to have|down the line|long "
     "term|roadmap|backlog|wishlist|wish list|in 2027|in 2028|in 2029|in 2030)"},
    {EN_LATER, "in phase (two|2|three|3)"},
    {EN_LATER, "phase (2|3|two|three)"},
    {EN_LATER, "version (2|two)"},
    {EN_LATER, "after (the|our) (launch|release|go live|mvp|pilot)"},
    {EN_OTHERS, "(another|other|different|separate|sister|neighbouring|neighboring) "
                "(team|department|company|group|project|product|client|squad|firm|division|office|"
                "vendor|agency|contractor|app|building|floor)"},
    {EN_OTHERS, "(goes|go|going|went|moves|moved|handed|given|left) to .. "
                "(vendor|supplier|agency|contractor|partner|consultancy|hospital|bank|county|"
                "ministry|outside firm|outside company)"},
    {EN_OTHERS, "(stays|stay|remains|remain|lives|kept|handled) (in|with|by) .. "
                "(software|system|vendor|supplier|agency|spreadsheet|excel|hands)"},
    {EN_OTHERS, "(our|the|a|my|his|her|their|one|every|main|biggest|another) "
                "(competitor|competitors|competition|rival|rivals)"},
    {EN_OTHERS, "(belong|belongs) to .. (team|department|company|group|office)"},
    {EN_OTHERS, "(stay|stays|remain|remains) (there|where it is|where they are)"},
    {EN_OTHERS, "(somebody|someone) else"},
    {EN_OTHERS, "(not|is not|are not) ours"},
    {EN_OTHERS, "(not|is not|are not) our (job|part|problem|concern|business|thing)"},
    {EN_OTHERS,
     "(vendor|supplier|third "
     "party|contractor|agency|freelancer|contractors|hospital|customer|client) .. "
     "(does|do|handles|handle|provides|runs|owns|own|hosts|keeps|takes care|responsible)"},
    {EN_OTHERS, "(bought in|off the shelf|outsourced|is bought|comes from a vendor|handled by)"},
    {EN_WISH,
     "(would love to|would gladly|would happily|happy to|glad to|willing to|ready to|want to|wants "
     "to|would like to|keen to|always wanted to|dream of|hope "
     "to|curious to|tempted to|eager to|plan to|planning to) (learn|try|pick up|study|get into)"},
    {EN_DROP_QUESTION,
     "(might|may|could|should|can|do|shall|would) (we|i|they|it|you) [just|maybe|perhaps] "
     "(drop|lose|skip|scrap|remove|leave|need|cut|keep|want|really need)"},
    /* weight */
    {EN_HEAVY, "(is|are|was) [really|actually|clearly|simply|in fact] (the|our|its|the whole|the "
               "very|the real|the actual) "
               "(product|point|core|heart|key|thing|main|priority|business|moat|selling|essence|"
               "soul|purpose|crux|whole|centre|center|backbone|bread and butter|deal "
               "breaker|dealbreaker|big one|first|number one|be all|reason)"},
    {EN_HEAVY, "(everything|all) (hangs|depends|revolves|turns|stands|rests|hinges) (on|around)"},
    {EN_HEAVY, "(stands|stand) (or|and) (falls|fall) with"},
    {EN_HEAVY, "(matters|matter|counts|count|weighs|weigh) [far|way|much|even|a lot|a great "
               "deal|by far] (most|more|first|the most|above all)"},
    {EN_HEAVY, "is what .. (is|are) [all] about"},
    {EN_HEAVY, "(part|bit|side|half|thing) (wins|counts|matters)"},
    {EN_HEAVY, "what we [really|actually|mostly] "
               "(sell|live on|live off|are paid for|are here for|get paid for)"},
    {EN_HEAVY, "(is|are) what (pays|sells|earns|counts|matters|wins)"},
    {EN_HEAVY, "if .. (has|have|had) to (win|choose|pick|rank|say|decide|go first|give)"},
    {EN_HEAVY, "(take|takes|took) .. (away|out) and .. (nothing|no product|no company|nobody)"},
    {EN_HEAVY, "(wins|win) (every time|hands down|if|for us|over)"},
    {EN_LIGHT, "(is|are) [just|only|all of|barely|maybe|some] (#|one|a single|two|three) "
               "(screen|page|view|form)"},
    {EN_LIGHT,
     "(is|are) (thin|throwaway|disposable|replaceable|wallpaper|paint|packaging|the wrapping)"},
    {EN_LIGHT, "could be (rewritten|anything|replaced|thrown away|swapped)"},
    {EN_HEAVY, "(most|more) (important|importantly|crucial|critical)"},
    {EN_HEAVY,
     "(main|first|top|biggest|primary|number one|core|central|decisive|deciding|key|whole) "
     "(thing|priority|point|concern|requirement|factor|part|feature|need|value|goal)"},
    {EN_HEAVY,
     "(above all|mainly|mostly|primarily|chiefly|first and foremost|at its core|at its heart|at "
     "heart|essentially|basically all|the bulk of|most of the work|90 percent|80 percent)"},
    {EN_HEAVY, "(pays|pay) (the|our|for) (bills|rent|salaries|all|everything)"},
    {EN_HEAVY, "what (people|customers|clients|users|they) pay [us|for]"},
    {EN_HEAVY, "what (really|actually|truly) (matters|counts|sells)"},
    {EN_HEAVY, "(without|w/o) (it|that|them|those) (there is|we have) no"},
    {EN_HEAVY, "(crucial|essential|vital|indispensable|non negotiable|paramount)"},
    {EN_LIGHT, "(is|are|was|be|being) [just|only|merely|more of|rather|really|at most|at "
               "best|purely|mere|all] [a|an|the|some] [tiny|small|mere|pure|minor|little] "
               "(garnish|decoration|gimmick|bonus|extra|side|detail|afterthought|window "
               "dressing|icing|add on|sideshow|footnote|nice to "
               "have|paint|wrapping|cosmetic|optional|secondary|minor|marginal|negligible|"
               "unimportant|trivial|side dish|trimming|luxury|toy|fluff|filler|cherry)"},
    {EN_LIGHT,
     "(garnish|gimmick|nice to have|icing on|cherry on|afterthought|sideshow|window dressing)"},
    {EN_LIGHT, "(one|a|just one|just a|only one|only a) (tiny|small|little|single) "
               "(call|bit|part|page|screen|feature|thing|corner|widget)"},
    {EN_REST_LIGHT,
     "(all other|the other|any other) (points|things|parts|bits|wishes|requirements|matters) "
     "(is|are|matter|count|come)"},
    {EN_REST_LIGHT, "(everything else|all else|the rest|rest|the others|other parts) "
                    "(is|are|can|comes|matters|matter|counts|count|just|being)"},
    {EN_LIGHT, "(that|this|the) one (package|library|module|thing|feature|wish) "
               "(tip|tips|turn|turns|decide|decides|change|changes)"},
    {EN_LIGHT, "(matters|matter|counts|count|weighs|weigh) (less|least|little|not)"},
    {EN_LIGHT, "(less|least) (important|crucial|critical)"},
    {EN_LIGHT, "(secondary|comes second|second place|on the side|for show|could live "
               "without|can live without)"},
    {EN_LIGHT, "if time (permits|allows)"},
    {EN_EQUAL, "(neither|both|equal*|same weight|exactly half|a tie|fifty fifty|50 50|half and "
               "half|no ranking|the other half|refuse to rank|weigh the same|equally)"},
    {EN_EQUAL, "both (matter|count|are|halves|weigh|equally|core|important|true)"},
    {EN_EQUAL, "as (much|important|big) (as|the)"},
    {EN_EQUAL, "neither (is|one|of)"},
    {EN_EQUAL, "just as (much|important)"},
    {EN_EQUAL, "half of (it|the)"},
    {EN_MORE_THAN, "(matter|matters|count|counts|weigh|weighs|important) [for] more than"},
    {EN_MORE_THAN, "(trumps|beats|outweighs|goes before|comes before|ranks above)"},
    /* sections */
    {EN_SECTION_OUT,
     "(out of scope|out|non goals|non goal|not in scope|not needed|not planned|will not "
     "have|excluded|no go|no gos|exclusions|not included|later|phase 2|phase "
     "two|v2|future|someday|backlog|parked|not doing|we do not need|rejected|ruled out|off the "
     "table|explicitly not|anti goals|not part of this|must not have|must not|shall not|what we "
     "will not do|what we will not|what we do not|we will not|will not do|not have|not wanted|"
     "does not need|what it is not|not in v1|wont have|wont "
     "do|deferred|dropped|scrapped|cancelled|canceled|descoped|shelved|"
     "axed|vetoed|not required|not necessary|never|no)"},
    {EN_SECTION_IN,
     "(in scope|in|goals|must|must have|must haves|requirements|required|needed|need|needs|we "
     "need|what we need|scope|features|v1|phase 1|phase one|mvp|we "
     "want|wanted|background|context|facts|given|fixed "
     "facts|decided|team|stack|goal|description|questions|question|open questions|acceptance "
     "criteria|users|proposal|options|summary|problem)"},
    {EN_SECTION_LIGHT, "(minor|minor point|minor points|nice to have|nice|could "
                       "have|optional|bonus|stretch|if time permits|nice "
                       "to haves|wishlist|extras)"},
    /* discourse */
    {EN_CORRECTION, "(=correction|sorry|i meant|i mean|scratch that|wait|no wait|actually|turns "
                    "out|my mistake|my bad|oops|strike that|let me correct|misread|mixed up|mixed "
                    "it up|got that wrong|i was wrong|make that|rather|update|news)"},
    {EN_TAKE_BACK,
     "(scratch|scrap|strike|forget|ignore|undo|disregard) (that|it|this|what i said|what i wrote)"},
    {EN_TAKE_BACK, "(sorry|oops|whoops|ups|pardon|wait|no|nope) [no|wait|sorry] i (=meant|=mean)"},
    {EN_TAKE_BACK, "i =meant (a|an)"},
    {EN_TAKE_BACK,
     "(change of plan|change of plans|plans changed|plan changed|plans have changed|plan has "
     "changed|changed my mind|changed our minds|changed his mind|changed her "
     "mind|changed their minds|changed their mind|make that a|make that an)"},
    {EN_TAKE_BACK, "(misread|mixed up|mixed it up|got that wrong|wrong information|was "
                   "misinformed|my mistake|=correction|turns out)"},
    {EN_WRONG_PROJECT, "(that|this|those|it) (is|was|were|are) [for|about|actually|in "
                       "fact|all|really] (the|a|an|another|somebody|someone|my|our|about|for) "
                       "(other|different|another|wrong|else|old) "
                       "(client|team|project|product|one|ticket|app|repo|repository|customer|"
                       "company|job|thing|tab|window|channel|chat)"},
    {EN_WRONG_PROJECT, "(wrong|mixed up|mixed it up with|confused it with|confused with|pasted the "
                       "wrong|copied the wrong) .. "
                       "(client|project|ticket|product|customer|tab|window|channel|repo|slide|doc|"
                       "document|team|one|notes|brief)"},
    {EN_WRONG_PROJECT, "(that|this) [one|project|job|idea|thing|client|whole thing] "
                       "(is|was|got|has been|is now) [just] "
                       "(dead|killed|cancelled|canceled|scrapped|over|off|shelved|gone|axed|"
                       "dropped|binned|history|off the table)"},
    {EN_WRONG_PROJECT, "(project|portal|app|product|site|job|contract|client|tool|platform|gig) "
                       "[is|was|got|has been|is now|just got] "
                       "(=cancelled|=canceled|=killed|=scrapped|=shelved|=axed|=binned)"},
    {EN_WRONG_PROJECT, "(was|is) for (somebody|someone|somebody) else"},
    {EN_WRONG_PROJECT, "that (is|was) the other "
                       "(client|team|project|product|one|ticket|app|customer|company|job|thing)"},
    {EN_NEW_PROJECT,
     "(and now|now|next|then|another|second|new|other|different|next up) .. "
     "(job|project|client|thing|product|question|app|customer|one|idea|case|ticket|topic)"},
    {EN_NEW_PROJECT, "and (for|what about|how about) (a|an|another|the|my|our)"},
    {EN_NEW_PROJECT, "and (now|then) (for|what about|how about) (a|an|another)"},
    {EN_NEW_PROJECT, "(and|what) if it (=were|=was) (a|an)"},
    {EN_NEW_PROJECT, "(different|separate|unrelated|another|new|second|next) "
                     "(project|question|thing|app|client|product|topic|job|case|idea)"},
    {EN_NEW_PROJECT, "(today is|the new one is|new one|project number two|moving on|what about)"},
    {EN_NEW_PROJECT, "project (b|two|2)"},
    {EN_BACK_TO_FIRST, "(back to|returning to|go back to|about) .. "
                       "(first|a|original|earlier|previous|initial|one|project|thing)"},
    {EN_BACK_TO_FIRST, "(back to|returning to|return to|going back to)"},
    {EN_BACK_TO_FIRST, "the (first|original|earlier) (one|project|thing|app|question)"},
    {EN_RESTORE, "(back in|it back|stays after all|it stays|is back|are back)"},
    {EN_RESTORE, "(put|add|bring|with|plus) .. back"},
    {EN_RESTORE, "back on (the list|the table)"},
    {EN_OURS, "(these|those|they|that|this|above|quoted|quote) (is|are) (ours|our|the "
              "requirements|the brief|what we|verbatim|the spec|mine)"},
    {EN_OURS, "(these|those|they|that|this|above|quoted|quote) (is|are) from the "
              "(brief|spec|kickoff|requirements|tender|client|customer)"},
    {EN_OURS, "(requirements|the brief|the spec|the tender|our list|from the kickoff|the customer "
              "wrote|the client wrote|client says|they wrote)"},
    /* false friends */
    {EN_FALSE_FRIEND, "(cat|fashion|role|business|pricing|data|domain|car|scale|top|mental|3d|"
                      "operating|revenue|model train*) model"},
    {EN_FALSE_FRIEND, "(small|video) chat with"},
    {EN_FALSE_FRIEND, "in real time of"},
    {EN_FALSE_FRIEND, "(live|living) (in|near|at|alone|together|with|here|there)"},
    {EN_FALSE_FRIEND, "(go|goes|went|going|be|gone) live"},
    {EN_FALSE_FRIEND,
     "(has to|must|should|needs to|to|will) be live (on|by|in|before|next|this|within|until)"},
    {EN_FALSE_FRIEND,
     "live (on|by) "
     "(the|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|"
     "may|june|july|august|september|october|november|december|christmas|easter|next)"},
    /* the choice */
    {EN_OR, "(or|versus|oder|ou|o)"},
    {EN_CHOICE, "which [one|of the two|of them|of both|of these|of "
                "those|way|backend|framework|stack|server|language|do|would|should|is|will|to|"
                "runtime|side|then|for|fits|suits|wins|it]"},
    {EN_CHOICE, "(what|which) (would|do|should|shall|will) (you|we|i) "
                "(pick|choose|use|take|recommend|suggest|go with|go for|advise|say|put|build)"},
    {EN_CHOICE, "(pick|choose|choosing|decide|decision|deciding|select|vote|recommend*|advice|"
                "suggest*|pick one|toss up|torn|verdict|settle|tip)"},
    {EN_CHOICE, "(should|shall|do) (we|i) "
                "(use|go|take|pick|choose|build|write|do|start|stay|stick|switch|move)"},
    {EN_CHOICE, "what (goes|sits|do we put|belongs|should sit|should go|to put|would you "
                "put|runs|to use|backend|framework|stack|is better|to choose|to take)"},
    {EN_CHOICE, "(need|want|looking for|require) (a|an|the|your|some) (backend|back "
                "end|server|framework|stack|take|opinion|recommendation|advice|verdict)"},
    {EN_CHOICE, "(need|want|looking for|require) to (pick|choose|decide) (backend|back "
                "end|server|framework|stack|take|opinion|recommendation|advice|verdict)"},
    {EN_CHOICE, "(backend|back end|server side|framework|server)"},
    /* What is or was so, whom it is all the same to, what the talk was about. */
    {EN_UNASKED, "(know|remember|recall|sure|tell|say|check*|idea|clue|ask*) .. (whether|if) ... "
                 "(=is|=was|=are|=were|=runs|=ran|=uses|=used)"},
    {EN_UNASKED, "(whether|if) (it|this|that|they|he|she) (=is|=was|=are|=runs|=uses)"},
    {EN_UNASKED, "(=is|=are|=was|=were) (the|our|your|their) .. "
                 "(on|about|written|built|based|running|called|made) [in|with|of]"},
    {EN_UNASKED, "(=is|=was) (the|our|your|their) [old|new|other] "
                 "(service|backend|api|repo|customer|client|position|role|job)"},
    {EN_UNASKED, "did (i|you|we|they|he|she|it|the|our|your|their)"},
    {EN_UNASKED, "which .. (won|lost|broke|failed|crashed|sent|was|were)"},
    {EN_UNASKED, "(was|were|is|been|got) (accepted|rejected|postponed|merged)"},
    {EN_UNASKED, "(are|am|is) (we|i|you|it|one) allowed"},
    {EN_UNASKED, "(blog post|webinar|podcast|exam question|homework)"},
    {EN_UNASKED, "(remember|recall) (when|how|that time|the time)"},
    {EN_UNASKED, "(do|does|did) .. (choice|decision|question) (of|between)"},
    {EN_UNASKED, "(do|does|would|could) not (care|matter|mind|bother)"},
    {EN_UNASKED, "(fine|ok|okay|happy|good|cool) with"},
    {EN_UNASKED, "(or whatever|whatever you|whatever works)"},
    {EN_GOOD_CHOICE, "(good|right|sane|sensible|bad|wrong|decent|reasonable|smart|viable|safe|"
                     "suitable|fine|ok|okay|defensible|better|best|overkill) "
                     "(choice|pick|idea|fit|option|bet|call|move|for|enough|to use|one|answer)"},
    {EN_GOOD_CHOICE, "(would|will|does|do|is|could|should|can) .. (make "
                     "sense|work|fit|suit|regret|fine|ok|okay|sane|sensible|suitable|defensible|"
                     "right|justified|worth it)"},
    {EN_GOOD_CHOICE,
     "(is|are|would) .. (any use|any good|useful|up to it|right for|good for|fit for)"},
    {EN_GOOD_CHOICE, "(talk me out of|regret|stay with|stick with|stick to|switch to|move "
                     "to|migrate to|worth the|go with|keep to)"},
    {EN_BOTH, "(both|side by side|next to|alongside|combine*|hybrid|mix of|two backends|two "
              "services|together with|use both)"},
    {EN_SO,
     "(so|so then|well then|and so|now what|what now|what then|hm|hmm|so which|which then|your "
     "verdict|new verdict|still the same|same answer|does that change|and now|thoughts|opinions)"},
    {EN_OTHER_TECH,
     "(rails|ruby|ror|laravel|symfony|php|spring|spring "
     "boot|springboot|java|kotlin|scala|golang|elixir|phoenix|dotnet|asp.net|c#|blazor|"
     "flask|fastapi|pyramid|tornado|bottle|sanic|litestar|haskell|clojure|perl|supabase|firebase|"
     "appwrite|pocketbase|wordpress|drupal|joomla|strapi|directus|payload|hasura|bun|deno|c++|"
     "cobol|delphi|strapi|adonis|adonisjs|sails|meteor|quarkus|micronaut|gin|actix|axum|crystal|"
     "nim|zig|ocaml|lua|rust|erlang|swift|flutter|xamarin|ionic|electron|tauri|qt)"},
    {EN_OTHER_TECH,
     "(pycharm|vscode|vim|emacs|docker|podman|terraform|ansible|kubernetes|jenkins|gitlab|github|"
     "jira|slack|teams|aws|azure|gcp|heroku|fly|vercel|netlify|render|hetzner|digitalocean|s3|"
     "kafka|rabbitmq|redis|celery|nginx|apache|gunicorn|pm2|webpack|vite|tailwind|bootstrap|jest|"
     "pytest|cypress|playwright|mac|windows|linux|ubuntu|debian|iphone|android|dell|lenovo)"},
    /* asking */
    {EN_WHY, "(why|how come|what makes you|reason|reasons|reasoning|explain|justify|because of "
             "what|on what grounds|how so|elaborate|convince me|what speaks for|what for|not "
             "convinced|where does that come from|what did you base)"},
    {EN_WHY, "what is your (reason*|argument)"},
    {EN_WHY_NOT, "(why not|why is it not|what is wrong with|what speaks against|why would "
                 "not|downside*|drawback*|case against|what about|give up by|lose by|against it)"},
    {EN_WHY_NOT, "what do i (lose|give up|miss)"},
    {EN_WHY_NOT, "what would i (lose|give up|miss)"},
    {EN_WHY_NOT, "what do we (lose|give up|miss)"},
    {EN_FLIP,
     "(change|flip|switch|reverse|overturn|sway|alter|tip|turn) (your|the|that|this|it|my) "
     "[mind|verdict|answer|recommendation|decision|pick|advice|opinion|around|over]"},
    {EN_FLIP,
     "(what|when|anything) .. (change|flip|tip|sway|reverse|different|otherwise|opposite|for the "
     "other|say the other|pick the other|choose the other|instead|the other way|tell you)"},
    {EN_FLIP, "under (what|which) (circumstances|conditions)"},
    {EN_GOOD_AT, "(good|great|best|strong|suited|made|known|useful|meant|intended|ideal|nice|"
                 "special|excellent|better) (at|for|in|about)"},
    {EN_GOOD_AT, "(strength*|advantage*|benefit*|pros|pro and con|upside*|selling point*|strong "
                 "point*|perks|merits|features|virtues)"},
    {EN_GOOD_AT, "what (comes|do i get|do you get|does one get|is in|is included|ships|is there) "
                 ".. (box|with|in|built)"},
    {EN_COMPARE, "(difference|differ|compare|comparison|contrast|pros and cons|pros n cons|versus "
                 "each other|two columns|both columns|side by side|how do "
                 "they|overview|summary|summarise|summarize|table)"},
    {EN_RULE,
     "(rule|rule of thumb|one sentence|in a nutshell|tldr|tl dr|in short|short version|gist|bottom "
     "line|one line|one liner|elevator|in a sentence|in brief|sum it up|sum up|summary)"},
    {EN_SOURCE, "(source|sources|article|author|who wrote|who says|who said|written by|where do "
                "you get|according to whom|cite|citation|link|reference|where did "
                "you|published|based on what|whose opinion|blog post|quoting|quote)"},
    {EN_SOURCE, "where is (that|this|it) from"},
    {EN_BETTER, "(simply|just|always|generally|overall|universally|objectively|plain|clearly|in "
                "general|at everything) .. (better|best|superior|worse)"},
    {EN_WHAT_IS, "(what|who) (is|are|does) .. (mean|means|stand for|for|do|about)"},
    {EN_WHAT_IS, "(what|whats) (is|are) [a|an|the|this]"},
    {EN_DOES_IT, "(does|do|is|are|has|have|can) .. "
                 "(come|ship|include*|have|offer|provide|support|bring|built|protect|guard|handle|"
                 "need|give|do|contain|bundle|safe|secure|part of|type safe|belong)"},
    {EN_TOOL_FOR, "(what|which) .. (use|used|library|package|tool|orm|framework|pair|go|goes|pick) "
                  ".. (with|for|in|on|alongside|as)"},
    {EN_TOOL_FOR, "(which|what) (orm|library|package|tool|module|websocket "
                  "library|database|db|kind of database)"},
    {EN_REMIND, "(remind me|what was the reason|what did you say|what was it|again "
                "please|repeat|once more|say that again|remind us|you said)"},
    /* meta */
    {EN_HELLO, "(hello|hi|hey|hiya|howdy|yo|good morning|good afternoon|good "
               "evening|morning|evening|hola|salut|bonjour|hallo|moin|servus|ciao|ola|greetings|"
               "sup|heya|namaste|aloha|ahoy|guten tag|guten morgen|hei|hej|privet|konnichiwa|ni "
               "hao|salaam|shalom|gday|buongiorno|buenas|oi)"},
    {EN_THANKS, "(thanks|thank you|thank|cheers|much obliged|appreciated|appreciate "
                "it|merci|danke|gracias|grazie|obrigado|obrigada|tack|ta|tysm|thnx|thankyou|thx|"
                "much appreciated|bless you|you are a star|good bot|nice "
                "one|legend|arigato|dziekuje|spasibo|kudos|nice work|well done|that "
                "helped|helpful|saved me|that will do|all i needed|what i needed)"},
    {EN_HELP, "(help|usage|instructions|commands|manual)"},
    {EN_HELP, "(what|which) .. (can|could|may|should) .. (ask|do|help|say)"},
    {EN_HELP, "(what|which) (sort|kind|sorts|kinds|type|types) of (question*|thing*) .. "
              "(you|take|answer|ask)"},
    {EN_HELP, "how (do|does|can|should) (i|one|we|people) (use|talk to|work with|ask|query) "
              "(you|this|it|the bot)"},
    {EN_HELP, "(what is it you do|what can you|can i ask|what topics|your purpose)"},
    {EN_HELP, "what do you (do|know|cover|answer|offer)"},
    {EN_HELP, "what are you (for|good for|able)"},
    {EN_WHO, "(who|what) (are|r) (you|u)"},
    {EN_WHO, "(are|r) (you|u) .. "
             "(bot|robot|human|person|ai|chatgpt|gpt|llm|real|machine|there|alive|somebody|malware|"
             "program|script)"},
    {EN_WHO, "(chatgpt|=gpt|=claude|siri|alexa|llm bot)"},
    {EN_WHO, "(am i talking|am i speaking|do i have the pleasure|who made you|who "
             "built you|who runs you|your name|introduce yourself|who is this)"},
    {EN_RESET, "(forget|erase|clear|delete|wipe|disregard|ignore) (that|all|everything|it|all "
               "that|what|this|my|the|our)"},
    {EN_RESET, "(start|begin) (over|again|afresh|anew|fresh|from scratch|from zero|new)"},
    {EN_RESET, "(reset|fresh start|clean slate|blank slate|new conversation|from the top|tabula "
               "rasa|start over)"},
    {EN_NEVERMIND,
     "(never mind|nevermind|nvm|wrong window|wrong chat|wrong channel|wrong tab|not for you|ignore "
     "me|ignore that|disregard that|as you were|oops|forget it|sorry that was)"},
    {EN_FINE, "(ok|okay|k|kk|fine|great|cool|perfect|nice|got it|makes sense|as "
              "expected|alright|all right|right|sounds good|good|understood|noted|fair "
              "enough|sweet|lovely|huh|hm|hmm|aha|i see|will do|done|agreed|thought so)"},
    {EN_BYE, "(bye|goodbye|see you|see ya|ciao|cya|later|good night|take care|farewell|signing "
             "off|ttyl|cu)"},
    {EN_BYE, "have a (good|nice|great)"},
    /* outside */
    {EN_HOW_TO, "how (do|does|can|could|should|would|to|come) [i|we|you|one] "
                "(do|make|set|install|write|center|configure|add|create|get|run|fix|upgrade|deploy|"
                "use|build|connect|write|drain|test|handle|implement|use|debug|migrate|convert|"
                "hash|store|mock|paginate|scale|speed)"},
    {EN_HOW_TO, "(install|configure|set "
                "up|setup|upgrade|deploy|migrate|debug|tutorial|docs|documentation|course|book|"
                "syntax|command for)"},
    {EN_TROUBLE, "(error|exception|traceback|stack "
                 "trace|crash*|broken|fails|failed|failing|red|bug|hangs|cannot find|can not "
                 "find|module not found|segfault|econnrefused|timeout|flaky|exit "
                 "code|warning|deprecated|conflict|undefined|404|500|502|does not work|not "
                 "working|stopped working|permission denied|rolled back|rolling back)"},
    {EN_MONEY,
     "(cost|costs|price|pricing|pay|paid|salary|salaries|expensive|cheap|cheaper|license|licence|"
     "charge|invoice for|budget|hourly|rate|euros|dollars|how much|earn|earns|wage)"},
    {EN_HOSTING,
     "(host|hosting|hosted|deploy|server "
     "for|vps|cloud|domain|ssl|certificate|heroku|fly|aws|hetzner|render|cdn|dns|kubernetes)"},
    {EN_OFF_TOPIC, "(weather|rain|lunch|dinner|coffee|recipe|joke|laptop|phone|movie|film|song|"
                   "football|match|train|flight|holiday|vacation|birthday|wifi|password|monitor|"
                   "keyboard|beer|pizza|cat|dog|poem|capital of|time is it|what "
                   "day|horoscope|lottery|president|parking|printer|desk|chair|ticket)"},
    {EN_TO_OTHERS, "(anyone|anybody|everyone|everybody|folks|guys|team|all|y'all|somebody|someone|"
                   "gang|people|who)"},
    {EN_COUNT, NULL},
};

const char *english_name(enum english id)
{
    static const char *const names[EN_COUNT] = {
        [EN_NEGATION] = "negation",
        [EN_DENIED_BEFORE] = "denied-before",
        [EN_AFFIRMATION] = "affirmation",
        [EN_BUT] = "but",
        [EN_NO_ANSWER] = "no",
        [EN_YES_ANSWER] = "yes",
        [EN_HEARSAY] = "hearsay",
        [EN_PAST] = "past",
        [EN_NOW] = "now",
        [EN_HYPOTHETICAL] = "hypothetical",
        [EN_LATER] = "later",
        [EN_OTHERS] = "others",
        [EN_WISH] = "wish",
        [EN_DROP_QUESTION] = "drop-question",
        [EN_HEAVY] = "heavy",
        [EN_LIGHT] = "light",
        [EN_EQUAL] = "equal",
        [EN_MORE_THAN] = "more-than",
        [EN_REST_LIGHT] = "rest-light",
        [EN_SECTION_OUT] = "section-out",
        [EN_SECTION_IN] = "section-in",
        [EN_SECTION_LIGHT] = "section-light",
        [EN_CORRECTION] = "correction",
        [EN_TAKE_BACK] = "take-back",
        [EN_WRONG_PROJECT] = "wrong-project",
        [EN_NEW_PROJECT] = "new-project",
        [EN_BACK_TO_FIRST] = "back-to-first",
        [EN_RESTORE] = "restore",
        [EN_FALSE_FRIEND] = "false-friend",
        [EN_OURS] = "ours",
        [EN_OR] = "or",
        [EN_UNASKED] = "unasked",
        [EN_CHOICE] = "choice",
        [EN_GOOD_CHOICE] = "good-choice",
        [EN_BOTH] = "both",
        [EN_OTHER_TECH] = "other-tech",
        [EN_SO] = "so",
        [EN_WHY] = "why",
        [EN_WHY_NOT] = "why-not",
        [EN_FLIP] = "flip",
        [EN_GOOD_AT] = "good-at",
        [EN_COMPARE] = "compare",
        [EN_RULE] = "rule",
        [EN_SOURCE] = "source",
        [EN_BETTER] = "better",
        [EN_WHAT_IS] = "what-is",
        [EN_DOES_IT] = "does-it",
        [EN_TOOL_FOR] = "tool-for",
        [EN_REMIND] = "remind",
        [EN_HELLO] = "hello",
        [EN_THANKS] = "thanks",
        [EN_HELP] = "help",
        [EN_WHO] = "who",
        [EN_RESET] = "reset",
        [EN_NEVERMIND] = "never-mind",
        [EN_FINE] = "fine",
        [EN_BYE] = "bye",
        [EN_HOW_TO] = "how-to",
        [EN_TROUBLE] = "trouble",
        [EN_MONEY] = "money",
        [EN_HOSTING] = "hosting",
        [EN_OFF_TOPIC] = "off-topic",
        [EN_TO_OTHERS] = "to-others",
        [EN_NOT_SO] = "not-so",
    };
    return (unsigned)id < EN_COUNT ? names[id] : NULL;
}
