"""The U-Net in whole numbers: the network as a plan, the laws that follow from it, and what a tile costs."""
