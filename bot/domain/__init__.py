"""What Roadmate knows about studying: values in, values out."""
