//! Makes the folder that is embedded in the binary, so that a plain `cargo build` works before `make web`.

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
    if let Err(cause) = std::fs::create_dir_all("web/dist") {
        println!("cargo::warning=cannot make web/dist: {cause}");
    }
}
