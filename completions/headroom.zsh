#compdef headroom

autoload -U is-at-least

_headroom() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_headroom_commands" \
"*::: :->headroom" \
&& ret=0
    case $state in
    (headroom)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:headroom-command-$line[1]:"
        case $line[1] in
            (wrap)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(unwrap)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(proxy)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(compress)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(retrieve)
_arguments "${_arguments_options[@]}" : \
'--lines=[Only these lines\: \`12-480\`, \`12\` or \`12-\`]:A-B:_default' \
'--grep=[Only lines that match this regular expression or hold it as text, each with its number]:RE:_default' \
'--json[Print JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
':handle -- The 16 hex digits that a `\[headroom\: ...\]` marker ends with:_default' \
&& ret=0
;;
(mcp)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
":: :_headroom__subcmd__mcp_commands" \
"*::: :->mcp" \
&& ret=0

    case $state in
    (mcp)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:headroom-mcp-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_headroom__subcmd__mcp__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:headroom-mcp-help-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
;;
(agents)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
':shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_headroom__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:headroom-help-command-$line[1]:"
        case $line[1] in
            (wrap)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(unwrap)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(proxy)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(compress)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(retrieve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(mcp)
_arguments "${_arguments_options[@]}" : \
":: :_headroom__subcmd__help__subcmd__mcp_commands" \
"*::: :->mcp" \
&& ret=0

    case $state in
    (mcp)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:headroom-help-mcp-command-$line[1]:"
        case $line[1] in
            (serve)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
(agents)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_headroom_commands] )) ||
_headroom_commands() {
    local commands; commands=(
'wrap:Run an agent through headroom and put everything back when it ends' \
'unwrap:Undo what a wrap left behind' \
'proxy:Run the proxy on its own' \
'compress:Compress a text or a list of messages' \
'retrieve:Print the original behind a handle' \
'mcp:The MCP server that gives agents their originals back' \
'agents:List the agents headroom knows and whether they are installed' \
'demo:Show what is saved, without a key or an agent' \
'completions:Print the completions of a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'headroom commands' commands "$@"
}
(( $+functions[_headroom__subcmd__agents_commands] )) ||
_headroom__subcmd__agents_commands() {
    local commands; commands=()
    _describe -t commands 'headroom agents commands' commands "$@"
}
(( $+functions[_headroom__subcmd__completions_commands] )) ||
_headroom__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'headroom completions commands' commands "$@"
}
(( $+functions[_headroom__subcmd__compress_commands] )) ||
_headroom__subcmd__compress_commands() {
    local commands; commands=()
    _describe -t commands 'headroom compress commands' commands "$@"
}
(( $+functions[_headroom__subcmd__demo_commands] )) ||
_headroom__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'headroom demo commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help_commands] )) ||
_headroom__subcmd__help_commands() {
    local commands; commands=(
'wrap:Run an agent through headroom and put everything back when it ends' \
'unwrap:Undo what a wrap left behind' \
'proxy:Run the proxy on its own' \
'compress:Compress a text or a list of messages' \
'retrieve:Print the original behind a handle' \
'mcp:The MCP server that gives agents their originals back' \
'agents:List the agents headroom knows and whether they are installed' \
'demo:Show what is saved, without a key or an agent' \
'completions:Print the completions of a shell' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'headroom help commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__agents_commands] )) ||
_headroom__subcmd__help__subcmd__agents_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help agents commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__completions_commands] )) ||
_headroom__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help completions commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__compress_commands] )) ||
_headroom__subcmd__help__subcmd__compress_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help compress commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__demo_commands] )) ||
_headroom__subcmd__help__subcmd__demo_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help demo commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__help_commands] )) ||
_headroom__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help help commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__mcp_commands] )) ||
_headroom__subcmd__help__subcmd__mcp_commands() {
    local commands; commands=(
'serve:Serve MCP on standard input and output' \
    )
    _describe -t commands 'headroom help mcp commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__mcp__subcmd__serve_commands] )) ||
_headroom__subcmd__help__subcmd__mcp__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help mcp serve commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__proxy_commands] )) ||
_headroom__subcmd__help__subcmd__proxy_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help proxy commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__retrieve_commands] )) ||
_headroom__subcmd__help__subcmd__retrieve_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help retrieve commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__unwrap_commands] )) ||
_headroom__subcmd__help__subcmd__unwrap_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help unwrap commands' commands "$@"
}
(( $+functions[_headroom__subcmd__help__subcmd__wrap_commands] )) ||
_headroom__subcmd__help__subcmd__wrap_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help wrap commands' commands "$@"
}
(( $+functions[_headroom__subcmd__mcp_commands] )) ||
_headroom__subcmd__mcp_commands() {
    local commands; commands=(
'serve:Serve MCP on standard input and output' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'headroom mcp commands' commands "$@"
}
(( $+functions[_headroom__subcmd__mcp__subcmd__help_commands] )) ||
_headroom__subcmd__mcp__subcmd__help_commands() {
    local commands; commands=(
'serve:Serve MCP on standard input and output' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'headroom mcp help commands' commands "$@"
}
(( $+functions[_headroom__subcmd__mcp__subcmd__help__subcmd__help_commands] )) ||
_headroom__subcmd__mcp__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'headroom mcp help help commands' commands "$@"
}
(( $+functions[_headroom__subcmd__mcp__subcmd__help__subcmd__serve_commands] )) ||
_headroom__subcmd__mcp__subcmd__help__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'headroom mcp help serve commands' commands "$@"
}
(( $+functions[_headroom__subcmd__mcp__subcmd__serve_commands] )) ||
_headroom__subcmd__mcp__subcmd__serve_commands() {
    local commands; commands=()
    _describe -t commands 'headroom mcp serve commands' commands "$@"
}
(( $+functions[_headroom__subcmd__proxy_commands] )) ||
_headroom__subcmd__proxy_commands() {
    local commands; commands=()
    _describe -t commands 'headroom proxy commands' commands "$@"
}
(( $+functions[_headroom__subcmd__retrieve_commands] )) ||
_headroom__subcmd__retrieve_commands() {
    local commands; commands=()
    _describe -t commands 'headroom retrieve commands' commands "$@"
}
(( $+functions[_headroom__subcmd__unwrap_commands] )) ||
_headroom__subcmd__unwrap_commands() {
    local commands; commands=()
    _describe -t commands 'headroom unwrap commands' commands "$@"
}
(( $+functions[_headroom__subcmd__wrap_commands] )) ||
_headroom__subcmd__wrap_commands() {
    local commands; commands=()
    _describe -t commands 'headroom wrap commands' commands "$@"
}

if [ "$funcstack[1]" = "_headroom" ]; then
    _headroom "$@"
else
    compdef _headroom headroom
fi
