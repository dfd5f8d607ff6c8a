# bash completion for whether(1). tests/integration/completions.py holds it against --help.

_whether_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_whether_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_whether() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i
    local common='--config --help --version'
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config) ((i++)) ;;
        -*) ;;
        *) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    case $prev in
    -c | --config | --pack) _whether_files; return ;;
    --length) _whether_words 'line short full'; return ;;
    --surface) _whether_words 'dm mention slash tracker ambient'; return ;;
    --only) _whether_words 'topics kinds'; return ;;
    --after | --most) return ;;
    esac
    case $command:$cur in
    :-*) _whether_words "$common" ;;
    :*) _whether_words 'ask backup chat check explain gaps replay restore run test train' ;;
    ask:-*) _whether_words "--json --pack --length --surface $common" ;;
    backup:-*) _whether_words "--replace $common" ;;
    chat:-*) _whether_words "--pack --length $common" ;;
    check:-*) _whether_words "--example --keys $common" ;;
    explain:-*) _whether_words "--pack --surface --after $common" ;;
    gaps:-*) _whether_words "--most --json $common" ;;
    replay:-*) _whether_words "--pack --length $common" ;;
    restore:-*) _whether_words "--forget-waiting $common" ;;
    run:-*) _whether_words "--try $common" ;;
    test:-*) _whether_words "$common" ;;
    train:-*) _whether_words "--only $common" ;;
    backup:* | check:* | replay:* | restore:* | test:* | train:*) _whether_files ;;
    esac
}

complete -F _whether whether
