//! The scripted agent: sends the conversation, "runs" the tool call it is asked for, and goes on until there is none.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::cli::demo::samples::Sample;
use crate::provider::sse::Framing;

/// Converses until the provider is content; returns the bodies as they were written.
pub(super) fn converse(proxy: SocketAddr, samples: &[Sample]) -> anyhow::Result<Vec<Value>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut messages = vec![json!({"role": "user", "content": "Look around and tell me what is wrong."})];
        let mut written = Vec::new();
        loop {
            let body = json!({
                "model": "claude-demo",
                "max_tokens": 1024,
                "stream": true,
                "tools": [{"name": "Bash"}, {"name": "Read"}, {"name": "mcp__headroom__headroom_retrieve"}],
                "messages": messages,
            });
            let response = client.post(format!("http://{proxy}/v1/messages")).body(body.to_string()).send().await?;
            ensure!(response.status().is_success(), "the proxy answered {}", response.status());
            written.push(body);
            let content = read(response).await?;
            messages.push(json!({"role": "assistant", "content": [content]}));
            if content["type"] != "tool_use" {
                return Ok(written);
            }
            let sample = samples.iter().find(|sample| sample.id == content["id"]).context("an unknown call")?;
            messages.push(json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": sample.id, "content": sample.output},
            ]}));
        }
    })
}

/// The content block of a streamed answer.
async fn read(mut response: reqwest::Response) -> anyhow::Result<Value> {
    let mut framing = Framing::default();
    let mut content = None;
    while let Some(bytes) = response.chunk().await? {
        framing.push(&bytes, |event| {
            let event: Value = serde_json::from_slice(&event.data).unwrap_or_default();
            if event["type"] == "content_block_start" {
                content = Some(event["content_block"].clone());
            }
        });
    }
    content.context("the answer is empty")
}
