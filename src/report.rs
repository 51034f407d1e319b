//! What do people and programs get to read? Views, tables, the precheck, and exports, as values first.

pub mod explain;
pub mod export;
pub mod precheck;
pub mod table;
pub mod view;
