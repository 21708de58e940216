
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'headroom' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'headroom'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'headroom' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('wrap', 'wrap', [CompletionResultType]::ParameterValue, 'Run an agent through headroom and put everything back when it ends')
            [CompletionResult]::new('unwrap', 'unwrap', [CompletionResultType]::ParameterValue, 'Undo what a wrap left behind')
            [CompletionResult]::new('proxy', 'proxy', [CompletionResultType]::ParameterValue, 'Run the proxy on its own')
            [CompletionResult]::new('compress', 'compress', [CompletionResultType]::ParameterValue, 'Compress a text, or the tool results of a list of messages')
            [CompletionResult]::new('retrieve', 'retrieve', [CompletionResultType]::ParameterValue, 'Print the original behind a handle')
            [CompletionResult]::new('mcp', 'mcp', [CompletionResultType]::ParameterValue, 'The MCP server that gives agents their originals back')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show running wraps and what earlier ones left')
            [CompletionResult]::new('agents', 'agents', [CompletionResultType]::ParameterValue, 'List the agents headroom knows and whether they are installed')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show what is saved, without a key or an agent')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'headroom;wrap' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port to listen on; the next free one if it is taken [default: 8787]')
            [CompletionResult]::new('--anthropic-api-url', '--anthropic-api-url', [CompletionResultType]::ParameterName, 'Where requests to Anthropic go on to [default: that of Anthropic]')
            [CompletionResult]::new('--openai-api-url', '--openai-api-url', [CompletionResultType]::ParameterName, 'Where requests to OpenAI go on to [default: that of OpenAI]')
            [CompletionResult]::new('--chatgpt-api-url', '--chatgpt-api-url', [CompletionResultType]::ParameterName, 'Where requests of a ChatGPT login go on to')
            [CompletionResult]::new('--exclude-tools', '--exclude-tools', [CompletionResultType]::ParameterName, 'Leave the output of these tools alone; `*` stands for anything')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]')
            [CompletionResult]::new('--decide-ms', '--decide-ms', [CompletionResultType]::ParameterName, 'Milliseconds that deciding a request''s new blocks may take, plus 150 for each MB')
            [CompletionResult]::new('--backend', '--backend', [CompletionResultType]::ParameterName, 'backend')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'Use the proxy that runs on that port instead of starting one')
            [CompletionResult]::new('--no-mcp', '--no-mcp', [CompletionResultType]::ParameterName, 'Do not register the MCP server that gives the agent its originals back')
            [CompletionResult]::new('--no-context-tool', '--no-context-tool', [CompletionResultType]::ParameterName, 'Do not tell the agent about rtk or lean-ctx')
            [CompletionResult]::new('--context-tool', '--context-tool', [CompletionResultType]::ParameterName, 'Tell the agent about rtk or lean-ctx in a file that git tracks, too')
            [CompletionResult]::new('--prepare-only', '--prepare-only', [CompletionResultType]::ParameterName, 'Edit the agent''s files and leave them so until `headroom unwrap`; launch nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would change in files, environment and arguments; change nothing')
            [CompletionResult]::new('--no-optimize', '--no-optimize', [CompletionResultType]::ParameterName, 'Send every byte as it came')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'memory')
            [CompletionResult]::new('--learn', '--learn', [CompletionResultType]::ParameterName, 'learn')
            [CompletionResult]::new('--code-graph', '--code-graph', [CompletionResultType]::ParameterName, 'code-graph')
            [CompletionResult]::new('--no-serena', '--no-serena', [CompletionResultType]::ParameterName, 'Nothing is registered that this would leave out; scripts for other tools say it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'headroom;unwrap' {
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Restore the files of all agents')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Take wraps on other machines that share this home for dead')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;proxy' {
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Address to listen on; this machine only')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Port to listen on; 0 takes any that is free')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port to listen on; 0 takes any that is free')
            [CompletionResult]::new('--anthropic-api-url', '--anthropic-api-url', [CompletionResultType]::ParameterName, 'Where requests to Anthropic go on to [default: that of Anthropic]')
            [CompletionResult]::new('--openai-api-url', '--openai-api-url', [CompletionResultType]::ParameterName, 'Where requests to OpenAI go on to [default: that of OpenAI]')
            [CompletionResult]::new('--chatgpt-api-url', '--chatgpt-api-url', [CompletionResultType]::ParameterName, 'Where requests of a ChatGPT login go on to')
            [CompletionResult]::new('--exclude-tools', '--exclude-tools', [CompletionResultType]::ParameterName, 'Leave the output of these tools alone; `*` stands for anything')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]')
            [CompletionResult]::new('--decide-ms', '--decide-ms', [CompletionResultType]::ParameterName, 'Milliseconds that deciding a request''s new blocks may take, plus 150 for each MB')
            [CompletionResult]::new('--no-optimize', '--no-optimize', [CompletionResultType]::ParameterName, 'Send every byte as it came')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Log every stage of every request')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Log every stage of every request')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;compress' {
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Read this file instead of standard input')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write this file instead of standard output')
            [CompletionResult]::new('--command', '--command', [CompletionResultType]::ParameterName, 'The command whose output the text is')
            [CompletionResult]::new('--frozen-message-count', '--frozen-message-count', [CompletionResultType]::ParameterName, 'Leave the first N messages as they are: they are cached')
            [CompletionResult]::new('--question', '--question', [CompletionResultType]::ParameterName, 'What is asked: what it names stays verbatim')
            [CompletionResult]::new('--token-budget', '--token-budget', [CompletionResultType]::ParameterName, 'Fit into so many tokens: rows and sentences are sampled, and messages left out, where the rest is too long')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Say on standard error, block by block, what was done and why; or print what the compressor of that name keeps and drops')
            [CompletionResult]::new('--exclude-tools', '--exclude-tools', [CompletionResultType]::ParameterName, 'Leave the output of these tools alone; `*` stands for anything')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'How much may be left out where the original can be had back: balanced, aggressive, conservative, or a profile of `config.toml` [default: balanced]')
            [CompletionResult]::new('--decide-ms', '--decide-ms', [CompletionResultType]::ParameterName, 'Milliseconds that deciding a request''s new blocks may take, plus 150 for each MB')
            [CompletionResult]::new('--code-aware', '--code-aware', [CompletionResultType]::ParameterName, 'Show source as an outline: imports, signatures and types, with bodies as line ranges')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON for a text too')
            [CompletionResult]::new('--no-optimize', '--no-optimize', [CompletionResultType]::ParameterName, 'Send every byte as it came')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;retrieve' {
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Only these lines: `12-480`, `12` or `12-`')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only lines that match this regular expression or hold it as text, each with its number')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;mcp' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve MCP on standard input and output')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'headroom;mcp;serve' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;mcp;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve MCP on standard input and output')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'headroom;mcp;help;serve' {
            break
        }
        'headroom;mcp;help;help' {
            break
        }
        'headroom;status' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;agents' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;demo' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the result as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'headroom;help' {
            [CompletionResult]::new('wrap', 'wrap', [CompletionResultType]::ParameterValue, 'Run an agent through headroom and put everything back when it ends')
            [CompletionResult]::new('unwrap', 'unwrap', [CompletionResultType]::ParameterValue, 'Undo what a wrap left behind')
            [CompletionResult]::new('proxy', 'proxy', [CompletionResultType]::ParameterValue, 'Run the proxy on its own')
            [CompletionResult]::new('compress', 'compress', [CompletionResultType]::ParameterValue, 'Compress a text, or the tool results of a list of messages')
            [CompletionResult]::new('retrieve', 'retrieve', [CompletionResultType]::ParameterValue, 'Print the original behind a handle')
            [CompletionResult]::new('mcp', 'mcp', [CompletionResultType]::ParameterValue, 'The MCP server that gives agents their originals back')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show running wraps and what earlier ones left')
            [CompletionResult]::new('agents', 'agents', [CompletionResultType]::ParameterValue, 'List the agents headroom knows and whether they are installed')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show what is saved, without a key or an agent')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'headroom;help;wrap' {
            break
        }
        'headroom;help;unwrap' {
            break
        }
        'headroom;help;proxy' {
            break
        }
        'headroom;help;compress' {
            break
        }
        'headroom;help;retrieve' {
            break
        }
        'headroom;help;mcp' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve MCP on standard input and output')
            break
        }
        'headroom;help;mcp;serve' {
            break
        }
        'headroom;help;status' {
            break
        }
        'headroom;help;agents' {
            break
        }
        'headroom;help;demo' {
            break
        }
        'headroom;help;completions' {
            break
        }
        'headroom;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
