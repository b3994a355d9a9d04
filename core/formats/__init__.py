"""Photos in, data sets out: decoding image files, and COCO, COCO panoptic and semantic PNG over annotation's types."""
