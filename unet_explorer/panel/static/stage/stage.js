// What a notebook shows.

import { staged } from "./staging.js";

export default staged;
