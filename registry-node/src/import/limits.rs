//! Bounds on what one import reads, beside the size of the source itself.
//!
//! Each stands far above what the lists known today need, and far below what this process can hold.

/// Rows of one source. A list beyond it is split by whoever publishes or fetches it.
pub const ROWS_MAX: u64 = 250_000;

/// Columns of a table.
pub const COLUMNS_MAX: usize = 512;

/// Bytes of one cell; a longer one is no fact about a product.
pub const CELL_BYTES_MAX: usize = 64 * 1024;

/// Values inside one JSON row, arrays and objects included.
pub const ROW_NODES_MAX: usize = 20_000;

/// Nesting inside one JSON row.
pub const ROW_DEPTH_MAX: usize = 16;

/// Nesting of elements in an XML list.
pub(crate) const XML_DEPTH_MAX: usize = 64;

/// Statuses in the history of one verdict: a register takes up to 1,000 changes of one, and half of them are left for what else happens.
pub(crate) const STATUSES_MAX: usize = 500;

/// Bytes of one CSV record, read-ahead included. An open quote makes a record of the rest of the file.
pub const RECORD_MAX: usize = 4 * 1024 * 1024;
