//! The `freshd` program. See the library's documentation for how it is built.

fn main() {
    std::process::exit(freshd::cli::main());
}
