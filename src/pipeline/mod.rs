//! What happens to a request before it is sent.
