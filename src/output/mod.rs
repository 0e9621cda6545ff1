//! what leaves a feed other than HLS: endless TS, the web variant.
