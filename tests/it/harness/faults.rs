//! Stands between two servers and does to their connections what networks do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// So many milliseconds before each piece that is sent is passed on.
    Latency(u64),
    /// What is sent arrives; the connection ends before an answer comes back.
    ResetAfterSend,
    /// What is sent goes nowhere, and nothing comes back.
    BlackHole,
    /// Closed at once.
    Refuse,
}

/// What is sent meets the trouble of that moment. One that begins ends the connections that there are; what has met one
/// goes its way to the end, also when the trouble is over by then.
#[derive(Clone)]
pub struct FaultProxy {
    pub address: String,
    state: Arc<State>,
}

struct State {
    trouble: watch::Sender<Trouble>,
    /// Pieces that met a trouble.
    met: AtomicU64,
    /// How those began that met the newest one.
    begun: Mutex<Vec<String>>,
    target: String,
}

impl FaultProxy {
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (trouble, _) = watch::channel(Trouble::None);
        let (met, begun) = (AtomicU64::new(0), Mutex::default());
        let state = Arc::new(State { trouble, met, begun, target: target.to_owned() });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state }
    }

    pub fn set(&self, trouble: Trouble) {
        self.state.begun.lock().unwrap().clear();
        self.state.trouble.send_replace(trouble);
    }

    pub fn met(&self) -> u64 {
        self.state.met.load(Ordering::SeqCst)
    }

    /// Whether something that begins so has met the newest trouble.
    pub fn met_by(&self, request: &str) -> bool {
        self.state.begun.lock().unwrap().iter().any(|line| line.starts_with(request))
    }
}

impl State {
    /// The trouble that this piece of what is sent meets.
    fn meet(&self, piece: &[u8]) -> Trouble {
        let trouble = *self.trouble.borrow();
        if trouble != Trouble::None {
            self.met.fetch_add(1, Ordering::SeqCst);
            let line = piece.split(|byte| *byte == b'\r').next().unwrap_or_default();
            self.begun.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
        }
        trouble
    }
}

/// Until a trouble begins.
async fn trouble_begins(changes: &mut watch::Receiver<Trouble>) {
    while changes.changed().await.is_ok() {
        if *changes.borrow_and_update() != Trouble::None {
            return;
        }
    }
}

async fn wait_in(trouble: Trouble) {
    if let Trouble::Latency(milliseconds) = trouble {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
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
                () = trouble_begins(&mut changes) => {}
            }
        });
    }
}

async fn carry(mut client: TcpStream, state: &State) {
    let mut piece = vec![0; 64 * 1024];
    let Ok(length @ 1..) = client.read(&mut piece).await else { return };
    let trouble = state.meet(&piece[..length]);
    match trouble {
        Trouble::Refuse => return,
        Trouble::BlackHole => {
            while client.read(&mut piece).await.is_ok_and(|length| length > 0) {}
            return;
        }
        Trouble::None | Trouble::Latency(_) | Trouble::ResetAfterSend => wait_in(trouble).await,
    }
    let Ok(mut server) = TcpStream::connect(&state.target).await else { return };
    if server.write_all(&piece[..length]).await.is_err() {
        return;
    }
    if trouble == Trouble::ResetAfterSend {
        // Until the server has answered, so that it has done what it was asked.
        let _ = server.read(&mut [0; 1024]).await;
        return;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let sent = async {
        while let Ok(length @ 1..) = from_client.read(&mut piece).await {
            wait_in(state.meet(&piece[..length])).await;
            if to_server.write_all(&piece[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = sent => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}
