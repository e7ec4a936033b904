//! Tencent Cloud International partner API.
