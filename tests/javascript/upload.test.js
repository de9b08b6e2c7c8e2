import assert from "node:assert/strict";
import test from "node:test";

import { isWanted } from "../../unet_explorer/panel/static/tabs/upload.js";
import { facts } from "./support/facts.js";

test("what Python reads is sent, and nothing else", () => {
  const sent = ["a.png", "a.PNG", "b.tif", "b.tiff", "c.bmp", "c.gif", "d.jpg", "D.JPEG", "all.zip", "classes.txt", "Classes.TXT"];
  const kept = ["notes.txt", "a.png.md", "png", ".DS_Store", "._a.png", ".classes.txt", "a.czi", "thumbs.db", "myclasses.txt"];
  for (const name of sent) assert.ok(isWanted(name, facts.accepted), name);
  for (const name of kept) assert.ok(!isWanted(name, facts.accepted), name);
});
