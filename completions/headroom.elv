
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
            cand compress 'Compress a text, or the tool results of a list of messages'
            cand retrieve 'Print the original behind a handle'
            cand mcp 'The MCP server that gives agents their originals back'
            cand status 'Show running wraps and what earlier ones left'
            cand agents 'List the agents headroom knows and whether they are installed'
            cand demo 'Show what is saved, without a key or an agent'
            cand completions 'Print the completions of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'headroom;wrap'= {
            cand --port 'The port to listen on; the next free one if it is taken [default: 8787]'
            cand --anthropic-api-url 'Where requests to Anthropic go on to [default: that of Anthropic]'
            cand --openai-api-url 'Where requests to OpenAI go on to [default: that of OpenAI]'
            cand --chatgpt-api-url 'Where requests of a ChatGPT login go on to'
            cand --exclude-tools 'Leave the output of these tools alone; `*` stands for anything'
            cand --profile 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]'
            cand --decide-ms 'Milliseconds that deciding a request''s new blocks may take, plus 150 for each MB'
            cand --backend 'backend'
            cand --no-proxy 'Use the proxy that runs on that port instead of starting one'
            cand --no-mcp 'Do not register the MCP server that gives the agent its originals back'
            cand --no-context-tool 'Do not tell the agent about rtk or lean-ctx'
            cand --context-tool 'Tell the agent about rtk or lean-ctx in a file that git tracks, too'
            cand --prepare-only 'Edit the agent''s files and leave them so until `headroom unwrap`; launch nothing'
            cand --dry-run 'Show what would change in files, environment and arguments; change nothing'
            cand --no-optimize 'Send every byte as it came'
            cand --memory 'memory'
            cand --learn 'learn'
            cand --code-graph 'code-graph'
            cand --no-serena 'Nothing is registered that this would leave out; scripts for other tools say it'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'headroom;unwrap'= {
            cand --all 'Restore the files of all agents'
            cand --force 'Take wraps on other machines that share this home for dead'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;proxy'= {
            cand --host 'Address to listen on; this machine only'
            cand -p 'Port to listen on; 0 takes any that is free'
            cand --port 'Port to listen on; 0 takes any that is free'
            cand --anthropic-api-url 'Where requests to Anthropic go on to [default: that of Anthropic]'
            cand --openai-api-url 'Where requests to OpenAI go on to [default: that of OpenAI]'
            cand --chatgpt-api-url 'Where requests of a ChatGPT login go on to'
            cand --exclude-tools 'Leave the output of these tools alone; `*` stands for anything'
            cand --profile 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]'
            cand --decide-ms 'Milliseconds that deciding a request''s new blocks may take, plus 150 for each MB'
            cand --no-optimize 'Send every byte as it came'
            cand -v 'Log every stage of every request'
            cand --verbose 'Log every stage of every request'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;compress'= {
            cand --input 'Read this file instead of standard input'
            cand --output 'Write this file instead of standard output'
            cand --command 'The command whose output the text is'
            cand --frozen-message-count 'Leave the first N messages as they are: they are cached'
            cand --question 'What is asked: what it names stays verbatim'
            cand --token-budget 'Fit into so many tokens: rows and sentences are sampled, and messages left out, where the rest is too long'
            cand --explain 'Say on standard error, block by block, what was done and why; or print what the compressor of that name keeps and drops'
            cand --exclude-tools 'Leave the output of these tools alone; `*` stands for anything'
            cand --profile 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]'
            cand --decide-ms 'Milliseconds that deciding a request''s new blocks may take, plus 150 for each MB'
            cand --code-aware 'Show source as an outline: imports, signatures and types, with bodies as line ranges'
            cand --json 'Answer in JSON for a text too'
            cand --no-optimize 'Send every byte as it came'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
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
        &'headroom;status'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;agents'= {
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'headroom;demo'= {
            cand --json 'Print the result as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
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
            cand compress 'Compress a text, or the tool results of a list of messages'
            cand retrieve 'Print the original behind a handle'
            cand mcp 'The MCP server that gives agents their originals back'
            cand status 'Show running wraps and what earlier ones left'
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
        &'headroom;help;status'= {
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
