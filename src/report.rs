//! What do people and programs get to read? Views, tables, the precheck, and exports, as values first.

pub mod view;
