# fish completion for whether(1). tests/integration/completions.py holds it against --help.

complete -c whether -f
complete -c whether -s c -l config -r -F -d 'the configuration'
complete -c whether -s h -l help -d help
complete -c whether -l version -d 'the program\'s version'

function __whether_command -a name summary
    complete -c whether -n __fish_use_subcommand -a $name -d $summary
end
function __whether_option -a names
    complete -c whether -n "__fish_seen_subcommand_from $names" $argv[2..]
end

__whether_command ask 'one answer to one question'
__whether_command backup 'a copy of the daemon\'s store, also while it runs'
__whether_command chat 'a conversation in the terminal'
__whether_command check 'validates configuration and packs'
__whether_command explain 'how a question was read, and why the answer is what it is'
__whether_command gaps 'what was asked and not understood, most frequent first'
__whether_command replay 'conversations in, outcomes out'
__whether_command restore 'puts a copy of whether backup in the store\'s place'
__whether_command run 'the daemon: answers on IRC, in other chats, in trackers and over HTTP'
__whether_command test 'runs the packs\' own examples'
__whether_command train 'makes the packs\' models anew from their corpora'

__whether_option 'ask chat explain replay' -l pack -r -F -d 'knowledge instead of the usual'
__whether_option 'ask chat replay' -l length -x -a 'line short full' -d 'how long an answer is'
__whether_option 'ask explain' -l surface -x -a 'dm mention slash tracker ambient' -d 'where it is said'
__whether_option 'ask gaps' -l json -d 'JSON objects'
__whether_option backup -l replace -d 'replace FILE if it is there'
__whether_option check -l example -d 'print config.example.ini and leave'
__whether_option check -l keys -d 'print all keys as a Markdown table and leave'
__whether_option explain -l after -x -d 'an earlier message of the conversation'
__whether_option gaps -l most -x -d 'at most so many'
__whether_option restore -l forget-waiting -d 'without the answers that waited to be delivered'
__whether_option run -l try -d 'connect everything, tell what works, and leave'
__whether_option train -l only -x -a 'topics kinds' -d 'make one of the two models'
__whether_option 'backup check replay restore test train' -F

functions -e __whether_command __whether_option
