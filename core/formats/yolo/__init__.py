"""YOLO segmentation."""
