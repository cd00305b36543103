//! kmd
