"""Networks that turn pixels into features at strides 4, 8, 16 and 32."""
