package nginx

// beforeBlock, afterBlock and directive check what a directive's own handler checks.

func (r *reader) beforeBlock(d *Directive, in *level) {}

func (r *reader) afterBlock(d *Directive, in *level) {}

func (r *reader) directive(d *Directive, in *level) {}
