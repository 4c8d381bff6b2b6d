//! A mail server that keeps what it gets.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Recipient and source of each letter.
type Kept = Arc<Mutex<Vec<(String, String)>>>;

pub struct Smtp {
    pub url: String,
    kept: Kept,
    serving: JoinHandle<()>,
}

impl Smtp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let kept = Kept::default();
        let all = Arc::clone(&kept);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&all);
                // A client that is killed in the middle of a letter sent none.
                tokio::spawn(async move { drop(converse(stream, &kept).await) });
            }
        });
        Self { url, kept, serving }
    }

    /// Readable texts of the letters to an address, the oldest first.
    pub fn letters(&self, to: &str) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        kept.iter().filter(|(recipient, _)| recipient == to).map(|(_, source)| readable(source)).collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse(stream: TcpStream, kept: &Kept) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut recipient = String::new();
    write.write_all(b"220 test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split([' ', ':']).next().unwrap().to_ascii_uppercase().as_str() {
            // Whoever has a password may send it.
            "EHLO" => "250-test\r\n250 AUTH PLAIN",
            "AUTH" => "235 come in",
            "RCPT" => {
                recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 ok"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut source = String::new();
                loop {
                    let Some(line) = lines.next_line().await? else { return Ok(()) };
                    if line == "." {
                        break;
                    }
                    source += line.strip_prefix('.').unwrap_or(&line);
                    source.push('\n');
                }
                kept.lock().unwrap().push((recipient.clone(), source));
                "250 kept"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// The parts of a letter one after another, decoded, with their heads.
fn readable(source: &str) -> String {
    let part = |part: &str| {
        let (head, body) = part.split_once("\n\n").unwrap_or((part, ""));
        let lower = head.to_lowercase();
        let body = if lower.contains("transfer-encoding: base64") {
            let packed: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            String::from_utf8_lossy(&STANDARD.decode(packed).unwrap_or_default()).into_owned()
        } else if lower.contains("transfer-encoding: quoted-printable") {
            from_quoted_printable(body)
        } else {
            body.to_owned()
        };
        format!("{head}\n\n{body}")
    };
    source.split("\n--").map(part).collect::<Vec<_>>().join("\n--")
}

fn from_quoted_printable(body: &str) -> String {
    let joined = body.replace("=\n", "");
    let mut pieces = joined.split('=');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        bytes.extend(u8::from_str_radix(code, 16));
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn encoded_letters_are_read() {
    let source = "Content-Type: multipart/alternative\n\n--x\nContent-Transfer-Encoding: quoted-printable\n\ntoken=3Dab=\nc =E2=82=BD\n--x\n\
        Content-Transfer-Encoding: base64\n\ndG9rZW49\nZGVm\n--x--\n";
    let text = readable(source);
    assert!(text.contains("token=abc ₽") && text.contains("token=def"), "{text}");
}
