# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_headroom_global_optspecs
    string join \n h/help V/version
end

function __fish_headroom_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_headroom_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_headroom_using_subcommand
    set -l cmd (__fish_headroom_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c headroom -n "__fish_headroom_needs_command" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_needs_command" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "wrap" -d 'Run an agent through headroom and put everything back when it ends'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "unwrap" -d 'Undo what a wrap left behind'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "proxy" -d 'Run the proxy on its own'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "compress" -d 'Compress a text, or the tool results of a list of messages'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "retrieve" -d 'Print the original behind a handle'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "mcp" -d 'The MCP server that gives agents their originals back'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "status" -d 'Show running wraps and what earlier ones left'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "agents" -d 'List the agents headroom knows and whether they are installed'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "demo" -d 'Show what is saved, without a key or an agent'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l port -d 'The port to listen on; the next free one if it is taken [default: 8787]' -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l anthropic-api-url -d 'Where requests to Anthropic go on to [default: that of Anthropic]' -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l openai-api-url -d 'Where requests to OpenAI go on to [default: that of OpenAI]' -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l chatgpt-api-url -d 'Where requests of a ChatGPT login go on to' -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l exclude-tools -d 'Leave the output of these tools alone; `*` stands for anything' -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l profile -d 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]' -r -f -a "balanced\t''
aggressive\t''
conservative\t''"
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l decide-ms -d 'Milliseconds that deciding a request\'s new blocks may take, plus 150 for each MB' -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l backend -r
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l no-proxy -d 'Use the proxy that runs on that port instead of starting one'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l no-mcp -d 'Do not register the MCP server that gives the agent its originals back'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l no-context-tool -d 'Do not tell the agent about rtk or lean-ctx'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l context-tool -d 'Tell the agent about rtk or lean-ctx in a file that git tracks, too'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l prepare-only -d 'Edit the agent\'s files and leave them so until `headroom unwrap`; launch nothing'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l dry-run -d 'Show what would change in files, environment and arguments; change nothing'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l no-optimize -d 'Send every byte as it came'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l memory
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l learn
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l code-graph
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -l no-serena -d 'Nothing is registered that this would leave out; scripts for other tools say it'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand unwrap" -l all -d 'Restore the files of all agents'
complete -c headroom -n "__fish_headroom_using_subcommand unwrap" -l force -d 'Take wraps on other machines that share this home for dead'
complete -c headroom -n "__fish_headroom_using_subcommand unwrap" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand unwrap" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l host -d 'Address to listen on; this machine only' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -s p -l port -d 'Port to listen on; 0 takes any that is free' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l anthropic-api-url -d 'Where requests to Anthropic go on to [default: that of Anthropic]' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l openai-api-url -d 'Where requests to OpenAI go on to [default: that of OpenAI]' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l chatgpt-api-url -d 'Where requests of a ChatGPT login go on to' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l exclude-tools -d 'Leave the output of these tools alone; `*` stands for anything' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l profile -d 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]' -r -f -a "balanced\t''
aggressive\t''
conservative\t''"
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l decide-ms -d 'Milliseconds that deciding a request\'s new blocks may take, plus 150 for each MB' -r
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -l no-optimize -d 'Send every byte as it came'
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -s v -l verbose -d 'Log every stage of every request'
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l input -d 'Read this file instead of standard input' -r -F
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l output -d 'Write this file instead of standard output' -r -F
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l command -d 'The command whose output the text is' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l frozen-message-count -d 'Leave the first N messages as they are: they are cached' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l question -d 'What is asked: what it names stays verbatim' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l token-budget -d 'Fit into so many tokens: rows and sentences are sampled, and messages left out, where the rest is too long' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l explain -d 'Say on standard error, block by block, what was done and why; or print what the compressor of that name keeps and drops' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l exclude-tools -d 'Leave the output of these tools alone; `*` stands for anything' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l profile -d 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]' -r -f -a "balanced\t''
aggressive\t''
conservative\t''"
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l decide-ms -d 'Milliseconds that deciding a request\'s new blocks may take, plus 150 for each MB' -r
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l code-aware -d 'Show source as an outline: imports, signatures and types, with bodies as line ranges'
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l json -d 'Answer in JSON for a text too'
complete -c headroom -n "__fish_headroom_using_subcommand compress" -l no-optimize -d 'Send every byte as it came'
complete -c headroom -n "__fish_headroom_using_subcommand compress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c headroom -n "__fish_headroom_using_subcommand compress" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand retrieve" -l lines -d 'Only these lines: `12-480`, `12` or `12-`' -r
complete -c headroom -n "__fish_headroom_using_subcommand retrieve" -l grep -d 'Only lines that match this regular expression or hold it as text, each with its number' -r
complete -c headroom -n "__fish_headroom_using_subcommand retrieve" -l json -d 'Print JSON'
complete -c headroom -n "__fish_headroom_using_subcommand retrieve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c headroom -n "__fish_headroom_using_subcommand retrieve" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and not __fish_seen_subcommand_from serve help" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and not __fish_seen_subcommand_from serve help" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and not __fish_seen_subcommand_from serve help" -f -a "serve" -d 'Serve MCP on standard input and output'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and not __fish_seen_subcommand_from serve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Serve MCP on standard input and output'
complete -c headroom -n "__fish_headroom_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c headroom -n "__fish_headroom_using_subcommand status" -l json -d 'Print JSON'
complete -c headroom -n "__fish_headroom_using_subcommand status" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand status" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand agents" -l json -d 'Print JSON'
complete -c headroom -n "__fish_headroom_using_subcommand agents" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand agents" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand demo" -l json -d 'Print the result as JSON'
complete -c headroom -n "__fish_headroom_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c headroom -n "__fish_headroom_using_subcommand demo" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand completions" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand completions" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "wrap" -d 'Run an agent through headroom and put everything back when it ends'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "unwrap" -d 'Undo what a wrap left behind'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "proxy" -d 'Run the proxy on its own'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "compress" -d 'Compress a text, or the tool results of a list of messages'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "retrieve" -d 'Print the original behind a handle'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "mcp" -d 'The MCP server that gives agents their originals back'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "status" -d 'Show running wraps and what earlier ones left'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "agents" -d 'List the agents headroom knows and whether they are installed'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "demo" -d 'Show what is saved, without a key or an agent'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "completions" -d 'Print the completions of a shell'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp status agents demo completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c headroom -n "__fish_headroom_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "serve" -d 'Serve MCP on standard input and output'
