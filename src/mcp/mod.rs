//! The MCP server through which an agent gets originals back.
//!
//! Its tools are in every request of the agent, so names and schemas are as short as a model can still follow. The
//! store is opened by the first call: an agent starts its servers before it shows its prompt, and most sessions begin
//! with none.

mod retrieve;
#[cfg(test)]
mod tests;

use std::future::ready;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer, ServerInitializeError};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::ccr::Store;
use crate::ccr::sqlite;

/// Every tool that is offered.
const TOOLS: &[&Offer] = &[&retrieve::OFFER];

/// A tool: what the agent is told of it, and what it does.
struct Offer {
    name: &'static str,
    description: &'static str,
    /// JSON Schema of the arguments.
    schema: &'static str,
    call: fn(&Originals, &JsonObject) -> Answer,
}

/// What a tool says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Text(String),
    /// The call was wrong or could not be carried out.
    Mistake(String),
}

/// What ended the server before its client did.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("could not agree with the MCP client")]
    Handshake(#[source] Box<ServerInitializeError>),
    #[error("could not go on serving MCP")]
    Serve(#[source] tokio::task::JoinError),
}

/// The store, opened by the first call that finds one.
struct Originals {
    path: PathBuf,
    store: Mutex<Option<Arc<Store>>>,
}

impl Originals {
    fn at(path: PathBuf) -> Self {
        Self { path, store: Mutex::default() }
    }

    fn store(&self) -> Result<Option<Arc<Store>>, sqlite::Error> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.is_none() {
            *store = Store::open_existing(&self.path)?.map(Arc::new);
        }
        Ok(store.clone())
    }
}

/// Serves the originals in the store at `path` until the client closes `input`. `ready` is called once the client has
/// its answer to `initialize`.
pub(crate) async fn serve<I, O>(path: PathBuf, input: I, output: O, ready: impl FnOnce()) -> Result<(), Error>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let server = Server { originals: Originals::at(path) };
    let running = match server.serve((input, output)).await {
        Ok(running) => running,
        // A client that goes before it has said anything wanted nothing.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(err) => return Err(Error::Handshake(Box::new(err))),
    };
    ready();
    running.waiting().await.map(drop).map_err(Error::Serve)
}

struct Server {
    originals: Originals,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("headroom", env!("CARGO_PKG_VERSION")))
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> {
        ready(Ok(ListToolsResult::with_all_items(TOOLS.iter().map(|offer| described(offer)).collect())))
    }

    // Answered on the thread that reads the messages: a call takes milliseconds, and the client waits for it anyway.
    fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CallToolResponse, ErrorData>> {
        ready(self.answer(request))
    }
}

impl Server {
    fn answer(&self, request: CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
        let Some(offer) = TOOLS.iter().find(|offer| offer.name == request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
        };
        let result = match (offer.call)(&self.originals, &request.arguments.unwrap_or_default()) {
            Answer::Text(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Answer::Mistake(text) => CallToolResult::error(vec![ContentBlock::text(text)]),
        };
        Ok(result.into())
    }
}

/// The tool as a client is told of it. Clients run calls of a tool that only reads side by side, and need not ask.
fn described(offer: &Offer) -> Tool {
    let schema: JsonObject = serde_json::from_str(offer.schema).expect("a constant that a test reads");
    let reads_only = ToolAnnotations::new().read_only(true).open_world(false);
    Tool::new(offer.name, offer.description, schema).with_annotations(reads_only)
}
