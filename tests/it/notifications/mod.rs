mod letters;
mod sending;
