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
'--port=[The port to listen on; the next free one if it is taken \[default\: 8787\]]:PORT:_default' \
'--anthropic-api-url=[Where requests to Anthropic go on to \[default\: that of Anthropic\]]:URL:_default' \
'--openai-api-url=[Where requests to OpenAI go on to \[default\: that of OpenAI\]]:URL:_default' \
'--chatgpt-api-url=[Where requests of a ChatGPT login go on to]:URL:_default' \
'*--exclude-tools=[Leave the output of these tools alone; \`*\` stands for anything]:TOOL,...:_default' \
'--profile=[How much may be left out where the original can be had back\: balanced, aggressive, conservative, or a profile of \`config.toml\` \[default\: balanced\]]:PROFILE:(balanced aggressive conservative)' \
'--decide-ms=[Milliseconds that deciding a request'\''s new blocks may take, plus 150 for each MB]:MS:_default' \
'--backend=[]:NAME:_default' \
'--no-proxy[Use the proxy that runs on that port instead of starting one]' \
'--no-mcp[Do not register the MCP server that gives the agent its originals back]' \
'(--context-tool)--no-context-tool[Do not tell the agent about rtk or lean-ctx]' \
'--context-tool[Tell the agent about rtk or lean-ctx in a file that git tracks, too]' \
'(--dry-run)--prepare-only[Edit the agent'\''s files and leave them so until \`headroom unwrap\`; launch nothing]' \
'--dry-run[Show what would change in files, environment and arguments; change nothing]' \
'--no-optimize[Send every byte as it came]' \
'--memory[]' \
'--learn[]' \
'--code-graph[]' \
'--no-serena[Nothing is registered that this would leave out; scripts for other tools say it]' \
'-h[Print help]' \
'--help[Print help]' \
'*::words -- The agent, then its own arguments:_default' \
&& ret=0
;;
(unwrap)
_arguments "${_arguments_options[@]}" : \
'()--all[Restore the files of all agents]' \
'--force[Take wraps on other machines that share this home for dead]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
'::agent -- The agent whose files are restored:_default' \
&& ret=0
;;
(proxy)
_arguments "${_arguments_options[@]}" : \
'--host=[Address to listen on; this machine only]:HOST:_default' \
'-p+[Port to listen on; 0 takes any that is free]:PORT:_default' \
'--port=[Port to listen on; 0 takes any that is free]:PORT:_default' \
'--anthropic-api-url=[Where requests to Anthropic go on to \[default\: that of Anthropic\]]:URL:_default' \
'--openai-api-url=[Where requests to OpenAI go on to \[default\: that of OpenAI\]]:URL:_default' \
'--chatgpt-api-url=[Where requests of a ChatGPT login go on to]:URL:_default' \
'*--exclude-tools=[Leave the output of these tools alone; \`*\` stands for anything]:TOOL,...:_default' \
'--profile=[How much may be left out where the original can be had back\: balanced, aggressive, conservative, or a profile of \`config.toml\` \[default\: balanced\]]:PROFILE:(balanced aggressive conservative)' \
'--decide-ms=[Milliseconds that deciding a request'\''s new blocks may take, plus 150 for each MB]:MS:_default' \
'--no-optimize[Send every byte as it came]' \
'-v[Log every stage of every request]' \
'--verbose[Log every stage of every request]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(compress)
_arguments "${_arguments_options[@]}" : \
'--input=[Read this file instead of standard input]:FILE:_files' \
'--output=[Write this file instead of standard output]:FILE:_files' \
'--command=[The command whose output the text is]:COMMAND:_default' \
'--frozen-message-count=[Leave the first N messages as they are\: they are cached]:N:_default' \
'--question=[What is asked\: what it names stays verbatim]:TEXT:_default' \
'--token-budget=[Fit into so many tokens\: rows and sentences are sampled, and messages left out, where the rest is too long]:N:_default' \
'--explain=[Say on standard error, block by block, what was done and why; or print what the compressor of that name keeps and drops]::COMPRESSOR:_default' \
'*--exclude-tools=[Leave the output of these tools alone; \`*\` stands for anything]:TOOL,...:_default' \
'--profile=[How much may be left out where the original can be had back\: balanced, aggressive, conservative, or a profile of \`config.toml\` \[default\: balanced\]]:PROFILE:(balanced aggressive conservative)' \
'--decide-ms=[Milliseconds that deciding a request'\''s new blocks may take, plus 150 for each MB]:MS:_default' \
'--code-aware[Show source as an outline\: imports, signatures and types, with bodies as line ranges]' \
'--json[Answer in JSON for a text too]' \
'--no-optimize[Send every byte as it came]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
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
(status)
_arguments "${_arguments_options[@]}" : \
'--json[Print JSON]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(agents)
_arguments "${_arguments_options[@]}" : \
'--json[Print JSON]' \
'-h[Print help]' \
'--help[Print help]' \
'-V[Print version]' \
'--version[Print version]' \
&& ret=0
;;
(demo)
_arguments "${_arguments_options[@]}" : \
'--json[Print the result as JSON]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
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
(status)
_arguments "${_arguments_options[@]}" : \
&& ret=0
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
'compress:Compress a text, or the tool results of a list of messages' \
'retrieve:Print the original behind a handle' \
'mcp:The MCP server that gives agents their originals back' \
'status:Show running wraps and what earlier ones left' \
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
'compress:Compress a text, or the tool results of a list of messages' \
'retrieve:Print the original behind a handle' \
'mcp:The MCP server that gives agents their originals back' \
'status:Show running wraps and what earlier ones left' \
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
(( $+functions[_headroom__subcmd__help__subcmd__status_commands] )) ||
_headroom__subcmd__help__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'headroom help status commands' commands "$@"
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
(( $+functions[_headroom__subcmd__status_commands] )) ||
_headroom__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'headroom status commands' commands "$@"
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
