// What a notebook shows in the Inside tab.

import { looking } from "./looking.js";

export default looking;
