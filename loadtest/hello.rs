//! What poem serves at its barest: the ruler of `loadtest/front_door`.

use poem::listener::TcpListener;
use poem::{Route, Server, get, handler};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[handler]
fn hello() -> &'static str {
    r#"{"data":{"__typename":"Query"}}"#
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let routes = Route::new().at("/graphql", get(hello).post(hello));
    Server::new(TcpListener::bind(listen)).run(routes).await
}
