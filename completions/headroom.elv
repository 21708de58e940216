
use builtin;
use str;

set edit:completion:arg-completer[headroom] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'headroom'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'headroom'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand wrap 'Run an agent through headroom and put everything back when it ends'
            cand unwrap 'Undo what a wrap left behind'
            cand proxy 'Run the proxy on its own'
            cand compress 'Compress a text or a list of messages'
            cand retrieve 'Print the original behind a handle'
            cand mcp 'The MCP server that gives agents their originals back'
            cand agents 'List the agents headroom knows and whether they are installed'
            cand demo 'Show what is saved, without a key or an agent'
            cand completions 'Print the completions of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'headroom;wrap'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;unwrap'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;proxy'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;compress'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;retrieve'= {
            cand --lines 'Only these lines: `12-480`, `12` or `12-`'
            cand --grep 'Only lines that match this regular expression or hold it as text, each with its number'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;mcp'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Serve MCP on standard input and output'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'headroom;mcp;serve'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;mcp;help'= {
            cand serve 'Serve MCP on standard input and output'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'headroom;mcp;help;serve'= {
        }
        &'headroom;mcp;help;help'= {
        }
        &'headroom;agents'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;demo'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;help'= {
            cand wrap 'Run an agent through headroom and put everything back when it ends'
            cand unwrap 'Undo what a wrap left behind'
            cand proxy 'Run the proxy on its own'
            cand compress 'Compress a text or a list of messages'
            cand retrieve 'Print the original behind a handle'
            cand mcp 'The MCP server that gives agents their originals back'
            cand agents 'List the agents headroom knows and whether they are installed'
            cand demo 'Show what is saved, without a key or an agent'
            cand completions 'Print the completions of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'headroom;help;wrap'= {
        }
        &'headroom;help;unwrap'= {
        }
        &'headroom;help;proxy'= {
        }
        &'headroom;help;compress'= {
        }
        &'headroom;help;retrieve'= {
        }
        &'headroom;help;mcp'= {
            cand serve 'Serve MCP on standard input and output'
        }
        &'headroom;help;mcp;serve'= {
        }
        &'headroom;help;agents'= {
        }
        &'headroom;help;demo'= {
        }
        &'headroom;help;completions'= {
        }
        &'headroom;help;help'= {
        }
    ]
    $completions[$command]
}
