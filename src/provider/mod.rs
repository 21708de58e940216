//! Wire formats: a request is bytes with spans. No network, no policy.
