//! The MCP server through which an agent gets originals back.
