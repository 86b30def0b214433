package uvicorn

func (r *reader) readFile() {}
