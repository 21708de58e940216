mod help;
mod mcp;
mod retrieve;
