// Three streams of Node: express with compression, a connection that is reset, and better-sse. Port 8301.
const express = require("express");
const compression = require("compression");

const app = express();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const words = (text) => text.split(/(?<= )/);
const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({
  id: "chatcmpl-express", object: "chat.completion.chunk", created: 1795430000, model: "express-1",
  choices: [{ index: 0, delta, finish_reason }],
})}\n\n`;
const REPLY = "A gzip stream has no edges that you can see: the same three words, the same three words, 同じ三つの言葉, "
  + "come out of fewer and fewer bytes, and only a flush tells the browser that a sentence 📦 is over.";
const HEADERS = { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache" };

app.post("/gzip/v1/chat/completions", compression(), async (req, res) => {
  res.set(HEADERS);
  res.write(chunk({ role: "assistant", content: "" }));
  for (const word of words(REPLY)) {
    res.write(chunk({ content: word }));
    res.flush();
    await pause(25);
  }
  res.write(chunk({}, "stop"));
  res.end("data: [DONE]\n\n");
});

app.post("/reset/v1/chat/completions", async (req, res) => {
  res.set(HEADERS);
  res.write(chunk({ role: "assistant", content: "" }));
  for (const word of words(REPLY).slice(0, 14)) {
    res.write(chunk({ content: word }));
    await pause(25);
  }
  res.socket.resetAndDestroy(); // a real RST, as a crashing host or an impatient load balancer sends it
});

app.get("/better", async (req, res) => {
  const { createSession } = await import(require.resolve("better-sse"));
  const session = await createSession(req, res, { keepAlive: 700, retry: 2500 });
  session.push("12", "viewers", "a1");
  await pause(800);
  session.push({ name: "Ada", said: "line one\nline two", emoji: "👩🏽‍🚀" }, "chat");
  session.push(["plain", 1, null]);
  await pause(800);
  session.push("bye", "end");
  res.end();
});

app.listen(8301, "127.0.0.1");
