//! outbound HTTP, DNS, the SSRF guard, the client address behind proxies.
