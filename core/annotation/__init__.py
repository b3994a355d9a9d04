"""What a labelled image is: masks, categories, segments, the three views, and corrections. numpy only."""
