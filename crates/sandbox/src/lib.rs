//! Loopback stand-in for the providers that verifies signatures from the raw bytes.
