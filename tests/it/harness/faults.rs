//! Stands between two servers and does to their connections what networks do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// So many milliseconds before each connection is passed on.
    Latency(u64),
    /// What is sent arrives; the connection ends before an answer comes back.
    ResetAfterSend,
    /// What is sent goes nowhere, and nothing comes back.
    BlackHole,
    /// Closed at once.
    Refuse,
}

/// What is sent meets the trouble of that moment; a change of it ends the connections that there are.
#[derive(Clone)]
pub struct FaultProxy {
    pub address: String,
    state: Arc<State>,
}

struct State {
    trouble: watch::Sender<Trouble>,
    /// Exchanges that met a trouble.
    met: AtomicU64,
    target: String,
}

impl FaultProxy {
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (trouble, _) = watch::channel(Trouble::None);
        let state = Arc::new(State { trouble, met: AtomicU64::new(0), target: target.to_owned() });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state }
    }

    pub fn set(&self, trouble: Trouble) {
        self.state.trouble.send_replace(trouble);
    }

    pub fn met(&self) -> u64 {
        self.state.met.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let mut changes = state.trouble.subscribe();
            changes.mark_unchanged();
            tokio::select! {
                () = carry(client, &state) => {}
                _ = changes.changed() => {}
            }
        });
    }
}

async fn carry(mut client: TcpStream, state: &State) {
    let mut begun = vec![0; 64 * 1024];
    let Ok(length @ 1..) = client.read(&mut begun).await else { return };
    let trouble = *state.trouble.borrow();
    if trouble != Trouble::None {
        state.met.fetch_add(1, Ordering::SeqCst);
    }
    match trouble {
        Trouble::Refuse => return,
        Trouble::BlackHole => {
            while client.read(&mut begun).await.is_ok_and(|length| length > 0) {}
            return;
        }
        Trouble::Latency(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        Trouble::None | Trouble::ResetAfterSend => {}
    }
    let Ok(mut server) = TcpStream::connect(&state.target).await else { return };
    if server.write_all(&begun[..length]).await.is_err() {
        return;
    }
    if trouble == Trouble::ResetAfterSend {
        // Until the server has answered, so that it has done what it was asked.
        let _ = server.read(&mut [0; 1024]).await;
        return;
    }
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
