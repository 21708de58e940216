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
complete -c headroom -n "__fish_headroom_needs_command" -f -a "compress" -d 'Compress a text or a list of messages'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "retrieve" -d 'Print the original behind a handle'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "mcp" -d 'The MCP server that gives agents their originals back'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "agents" -d 'List the agents headroom knows and whether they are installed'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "demo" -d 'Show what is saved, without a key or an agent'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c headroom -n "__fish_headroom_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand wrap" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand unwrap" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand unwrap" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand proxy" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand compress" -s h -l help -d 'Print help'
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
complete -c headroom -n "__fish_headroom_using_subcommand agents" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand agents" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand demo" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand demo" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand completions" -s h -l help -d 'Print help'
complete -c headroom -n "__fish_headroom_using_subcommand completions" -s V -l version -d 'Print version'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "wrap" -d 'Run an agent through headroom and put everything back when it ends'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "unwrap" -d 'Undo what a wrap left behind'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "proxy" -d 'Run the proxy on its own'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "compress" -d 'Compress a text or a list of messages'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "retrieve" -d 'Print the original behind a handle'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "mcp" -d 'The MCP server that gives agents their originals back'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "agents" -d 'List the agents headroom knows and whether they are installed'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "demo" -d 'Show what is saved, without a key or an agent'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "completions" -d 'Print the completions of a shell'
complete -c headroom -n "__fish_headroom_using_subcommand help; and not __fish_seen_subcommand_from wrap unwrap proxy compress retrieve mcp agents demo completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c headroom -n "__fish_headroom_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "serve" -d 'Serve MCP on standard input and output'
