// What a notebook shows in the Tile tab.

import { covering } from "./covering.js";

export default covering;
